// Saving the head that is shown: its numbers, or the picture.

import {viridis, index, css, ink} from './color.js';
import {byId, el, visible} from './dom.js';
import {sees, top} from './maps.js';
import {fixed} from './numbers.js';

// offer lists the formats.
export function offer(app) {
  const formats = [
    ['CSV', 'text/csv', () => csv(app)],
    ['JSON', 'application/json', () => json(app)],
    ['SVG', 'image/svg+xml', () => svg(app)],
  ];
  const canvas = byId('picture').querySelector('canvas');
  byId('saveAs').replaceChildren(
    ...formats.map(([name, type, make]) =>
      el('button', {type: 'button', onclick: () => save(app, name, new Blob([make()], {type}))}, name)),
    canvas ? el('button', {type: 'button', onclick: () => canvas.toBlob((blob) => save(app, 'PNG', blob))}, 'PNG') : '');
  byId('save').showModal();
}

function save(app, format, blob) {
  const url = URL.createObjectURL(blob);
  const name = `${app.run.model.name}-L${app.state.layer}-H${app.state.heads.join('-')}.${format.toLowerCase()}`;
  el('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  byId('save').close();
}

// number writes a weight as it is known: of a file with its decimals, of the server in full.
function number(app, x) {
  return app.code ? app.shown(x).replace('−', '-') : String(x);
}

function quoted(s) {
  return /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
}

function csv(app) {
  const {map, frame: {units, shown}} = app;
  const lines = [['from', ...shown.map((j) => quoted(units[j].label))].join(',')];
  for (const i of shown) lines.push([quoted(units[i].label), ...shown.map((j) => number(app, map[i * units.length + j]))].join(','));
  return lines.join('\n') + '\n';
}

function json(app) {
  const {map, run, state, frame: {units, shown}} = app;
  return JSON.stringify({
    model: run.model.name, measure: run.measure.name, layer: state.layer, heads: state.heads,
    tokens: shown.map((u) => units[u].label),
    attention: shown.map((i) => shown.map((j) => Number(number(app, map[i * units.length + j])))),
  });
}

// mostCells is the longest text whose cells are rectangles of their own in an SVG, each with its number.
const mostCells = 64;

// svg is the heatmap as vectors, with text that stays text. Of a long text the cells are an image of pixels.
function svg(app) {
  const {run, frame: {units, shown}} = app;
  const cell = shown.length > mostCells ? 12 : 26;
  const [left, above] = [110, 90];
  const side = shown.length * cell;
  const parts = [shown.length > mostCells ? pixels(app, left, above, side) : cells(app, left, above, cell)];
  shown.forEach((u, at) => {
    const label = escaped(visible(units[u].label));
    parts.push(`<text x="${left - 8}" y="${above + (at + 0.5) * cell + 4}" text-anchor="end">${label}</text>`,
      `<text transform="translate(${left + (at + 0.5) * cell + 3} ${above - 8}) rotate(-45)">${label}</text>`);
  });
  const caption = escaped(`${run.model.name} · ${app.name} · ${run.measure.title} · rows look (query), columns are looked at (key), % · ${app.shareNote()}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + side + 90}" height="${above + side + 40}" font-family="sans-serif" font-size="${Math.min(12, cell)}">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join('')}<text x="8" y="${above + side + 26}" font-size="11">${caption}</text></svg>\n`;
}

function escaped(s) {
  return s.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

// cells are rectangles with numbers; those that a query can't see are left out.
function cells(app, left, above, cell) {
  const {map, frame, state} = app;
  const most = top(map, frame);
  const share = app.run.measure.unit === 'share';
  return frame.shown.flatMap((i, r) => frame.shown.map((j, c) => {
    if (!sees(frame, i, j)) return '';
    const v = map[i * frame.units.length + j];
    const color = index(v, most, {log: state.log});
    const [x, y] = [left + c * cell, above + r * cell];
    return `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${css(viridis, color)}"/>` +
      `<text x="${x + cell / 2}" y="${y + 17}" text-anchor="middle" font-size="10" fill="${ink(viridis, color)}">${share ? Math.round(100 * v) : fixed(v, 1)}</text>`;
  })).join('');
}

// pixels are the cells as an image, a pixel each.
function pixels(app, left, above, side) {
  const {map, frame, state} = app;
  const n = frame.shown.length;
  const canvas = el('canvas', {width: n, height: n});
  const image = new ImageData(n, n);
  const most = top(map, frame);
  frame.shown.forEach((i, r) => frame.shown.forEach((j, c) => {
    if (!sees(frame, i, j)) return;
    const at = 3 * index(map[i * frame.units.length + j], most, {log: state.log});
    image.data.set([viridis[at], viridis[at + 1], viridis[at + 2], 255], 4 * (r * n + c));
  }));
  canvas.getContext('2d').putImageData(image, 0, 0);
  const [, data] = canvas.toDataURL().split(','); // of a PNG, in base64
  return `<image x="${left}" y="${above}" width="${side}" height="${side}" style="image-rendering:pixelated" href="data:image/png;base64,${data}"/>`;
}
