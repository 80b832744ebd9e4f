// Colours: viridis for what has a size, blue to red for what has a sign.

const viridisStops = ['440154', '472d7b', '3b528b', '2c728e', '21918c', '28ae80', '5ec962', 'addc30', 'fde725'];
const signedStops = ['053061', '2a71b2', '6bacd1', 'c2ddec', 'f7f6f6', 'fbccb4', 'e48066', 'ba2832', '67001f'];

function table(stops) {
  const rgb = stops.map((s) => [0, 2, 4].map((at) => parseInt(s.slice(at, at + 2), 16)));
  const out = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (rgb.length - 1);
    const low = Math.min(Math.floor(at), rgb.length - 2);
    for (let c = 0; c < 3; c++) out[3 * i + c] = Math.round(rgb[low][c] + (at - low) * (rgb[low + 1][c] - rgb[low][c]));
  }
  return out;
}

export const viridis = table(viridisStops);
export const signed = table(signedStops);

// index is the place of a value in a table of colours.
//
// By the logarithm, a thousandth of the top is where the colours begin.
export function index(x, top, {log = false, isSigned = false} = {}) {
  if (!(top > 0)) return isSigned ? 128 : 0;
  if (isSigned) return Math.round(127.5 + 127.5 * Math.max(-1, Math.min(1, x / top)));
  const share = log ? 1 + Math.log10(Math.max(x / top, 1e-3)) / 3 : x / top;
  return Math.round(255 * Math.max(0, Math.min(1, share)));
}

export function css(colors, i) {
  return `rgb(${colors[3 * i]} ${colors[3 * i + 1]} ${colors[3 * i + 2]})`;
}

// ink is the colour of text that reads best on a colour: the one with more contrast, by WCAG's relative luminance.
export function ink(colors, i) {
  const [r, g, b] = [0, 1, 2].map((c) => {
    const s = colors[3 * i + c] / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000' : '#fff';
}
