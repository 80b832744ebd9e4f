// The token strip: hover a token to see where it looks (one colour) and who looks at it (another); click to lock it.

import {el, visible} from './dom.js';

export class Strip {
  constructor(host, {hover, leave, click}) {
    this.host = host;
    this.click = click;
    host.addEventListener('pointerover', (event) => {
      const at = this.indexOf(event.target);
      if (at !== null) hover(at);
    });
    host.addEventListener('pointerleave', leave);
    host.addEventListener('focusin', (event) => {
      const at = this.indexOf(event.target);
      if (at !== null && event.target.matches(':focus-visible')) hover(at);
    });
    host.addEventListener('click', (event) => {
      const at = this.indexOf(event.target);
      if (at !== null) click(at, event.shiftKey);
    });
  }

  indexOf(target) {
    const button = target.closest?.('button');
    return button ? Number(button.dataset.unit) : null;
  }

  draw(units, shown) {
    this.buttons = new Map();
    this.bars = new Map();
    const buttons = shown.map((u) => {
      const bars = [el('i', {class: 'goes'}), el('i', {class: 'comes'})];
      const button = el('button', {
        type: 'button', 'data-unit': u, class: units[u].special ? 'special' : '', 'aria-pressed': 'false', tabindex: '-1',
      }, visible(units[u].label), bars);
      this.buttons.set(u, button);
      this.bars.set(u, bars);
      return button;
    });
    if (buttons.length) buttons[0].tabIndex = 0;
    this.host.replaceChildren(...buttons);
  }

  // lock shows which tokens are locked.
  lock(query, key) {
    for (const [u, button] of this.buttons) {
      button.setAttribute('aria-pressed', String(u === query || u === key));
      button.classList.toggle('query', u === query);
      button.classList.toggle('key', u === key);
      button.tabIndex = u === (query ?? this.buttons.keys().next().value) ? 0 : -1;
    }
  }

  // light fills the bars: out and in are lists of numbers by unit, or null.
  light(out, incoming, focus) {
    const most = (list) => Math.max(1e-9, ...[...this.buttons.keys()].map((u) => list[u]));
    const [mostOut, mostIn] = [out && most(out), incoming && most(incoming)];
    for (const [u, [goes, comes]] of this.bars) {
      goes.style.transform = `scaleX(${out ? (out[u] / mostOut).toFixed(3) : 0})`;
      comes.style.transform = `scaleX(${incoming ? (incoming[u] / mostIn).toFixed(3) : 0})`;
    }
    if (this.focus !== focus) {
      this.buttons.get(this.focus)?.classList.remove('here');
      this.buttons.get(focus)?.classList.add('here');
      this.focus = focus;
    }
  }
}
