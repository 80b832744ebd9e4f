// Small helpers for elements.

// el makes an element: attributes that begin with "on" are listeners, the rest are properties or attributes.
export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
    else if (key === 'class') e.className = value;
    else e.setAttribute(key, value === true ? '' : value);
  }
  e.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return e;
}

export function byId(id) {
  return document.getElementById(id);
}

// sharpen makes a canvas of that many CSS pixels, sharp on every screen, and gives its context.
export function sharpen(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = width + 'px';
  canvas.style.height = height + 'px';
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

// tone reads a colour of the theme.
export function tone(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

// visible is a label that can be seen, whatever is in it.
export function visible(label) {
  return label.replace(/\n/g, '⏎') || '␣';
}
