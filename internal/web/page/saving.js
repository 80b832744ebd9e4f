// Saving the head that is shown: its numbers, or the picture.

import {byId, el, visible} from './dom.js';
import {viridis, index, css, ink} from './color.js';

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

export function csv(app) {
  const {map, frame: {units, shown}} = app;
  const lines = [['from', ...shown.map((j) => quoted(units[j].label))].join(',')];
  for (const i of shown) lines.push([quoted(units[i].label), ...shown.map((j) => number(app, map[i * units.length + j]))].join(','));
  return lines.join('\n') + '\n';
}

export function json(app) {
  const {map, run, state, frame: {units, shown}} = app;
  return JSON.stringify({
    model: run.model.name, measure: run.measure.name, layer: state.layer, heads: state.heads,
    tokens: shown.map((u) => units[u].label),
    attention: shown.map((i) => shown.map((j) => Number(number(app, map[i * units.length + j])))),
  });
}

// svg is the heatmap as vectors, with text that stays text.
export function svg(app) {
  const {map, run, frame: {units, shown}} = app;
  const [cell, left, above] = [26, 110, 90];
  const n = units.length;
  const most = Math.max(...shown.flatMap((i) => shown.map((j) => map[i * n + j])));
  const escaped = (s) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const side = shown.length * cell;
  const parts = shown.flatMap((i, r) => shown.map((j, c) => {
    const v = map[i * n + j];
    const color = index(v, most, {log: app.state.log});
    const [x, y] = [left + c * cell, above + r * cell];
    return `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${css(viridis, color)}"/>` +
      `<text x="${x + cell / 2}" y="${y + 17}" text-anchor="middle" font-size="10" fill="${ink(viridis, color)}">${Math.round(100 * v)}</text>`;
  }));
  shown.forEach((u, at) => {
    const label = escaped(visible(units[u].label));
    parts.push(`<text x="${left - 8}" y="${above + at * cell + 17}" text-anchor="end">${label}</text>`,
      `<text transform="translate(${left + at * cell + 16} ${above - 8}) rotate(-45)">${label}</text>`);
  });
  const caption = escaped(`${run.model.name} · ${app.name} · ${run.measure.title} · rows look (query), columns are looked at (key), % · ${app.shareNote()}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + side + 90}" height="${above + side + 40}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join('')}<text x="8" y="${above + side + 26}" font-size="11">${caption}</text></svg>\n`;
}
