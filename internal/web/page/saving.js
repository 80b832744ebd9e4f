// Saving what is shown: the numbers of the head, or of a comparison, and the picture.

import {viridis, signed, index, css, ink} from './color.js';
import {byId, el, visible} from './dom.js';
import {nameOf, sees, top} from './maps.js';
import {farthest, fixed} from './numbers.js';

// offer lists the formats.
export function offer(app) {
  const formats = [
    ['CSV', 'text/csv', csv],
    ['JSON', 'application/json', json],
    ['SVG', 'image/svg+xml', svg],
  ];
  const canvas = byId('picture').querySelector('canvas');
  byId('saveAs').replaceChildren(
    ...formats.map(([name, type, make]) =>
      el('button', {type: 'button', onclick: () => save(app, name, new Blob([make(app, matrixOf(app))], {type}))}, name)),
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

// matrixOf is what is saved: names of rows and columns, the value of row r and column c and whether r sees c, how numbers
// are written, the largest, and what there is to say. It is the difference while two texts are compared, else the map.
function matrixOf(app) {
  const {map, frame, run} = app;
  const {comparing, compared} = app.stage;
  if (run.segments) {
    const {share, max} = app.figures;
    const values = app.state.cells === 'max' ? max : share;
    const n = run.segments.length;
    return {
      names: run.segments.map(([from, to]) => `${from}–${to - 1}`), value: (r, c) => values[r * n + c], sees: (r, c) => !run.causal || c <= r,
      write: (x) => (app.code ? app.shown(x).replace('−', '-') : String(x)),
      most: farthest(values), isSigned: false, share: true, kind: app.state.cells, note: app.shareNote(),
    };
  }
  if (comparing && compared) {
    return {
      names: compared.a.map((i) => nameOf(compared.tokens_a[i])), value: (r, c) => compared.difference[r][c], sees: (r, c) => sees(frame, r, c),
      write: String, most: farthest(compared.difference.flat()), isSigned: true, share: run.measure.unit === 'share', note: byId('note').textContent,
    };
  }
  const {units, shown} = frame;
  return {
    names: shown.map((u) => units[u].label), value: (r, c) => map[shown[r] * units.length + shown[c]], sees: (r, c) => sees(frame, shown[r], shown[c]),
    // A weight is written as it is known: of a file with its decimals, of the server in full.
    write: (x) => (app.code ? app.shown(x).replace('−', '-') : String(x)),
    most: top(map, frame), isSigned: false, share: run.measure.unit === 'share', note: app.shareNote(),
  };
}

function quoted(s) {
  return /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
}

function csv(_, {names, value, write}) {
  const lines = [['from', ...names.map(quoted)].join(',')];
  names.forEach((name, r) => lines.push([quoted(name), ...names.map((_, c) => write(value(r, c)))].join(',')));
  return lines.join('\n') + '\n';
}

function json({run, state}, {names, value, write, isSigned, kind}) {
  return JSON.stringify({
    model: run.model.name, measure: run.measure.name, layer: state.layer, heads: isSigned ? state.heads.slice(0, 1) : state.heads,
    ...(isSigned ? {less: run.text, compare: state.compare} : {}),
    [kind ? 'segments' : 'tokens']: names,
    [isSigned ? 'difference' : kind ?? 'attention']: names.map((_, r) => names.map((_, c) => Number(write(value(r, c))))),
  });
}

// mostCells is the longest text whose cells are rectangles of their own in an SVG, each with its number.
const mostCells = 64;

// svg is the matrix as vectors, with text that stays text. Of a long text the cells are an image of pixels.
function svg(app, m) {
  const {run, state} = app;
  const n = m.names.length;
  const cell = n > mostCells ? 12 : 26;
  const [left, above] = [110, 90];
  const side = n * cell;
  const colors = m.isSigned ? signed : viridis;
  const color = (r, c) => index(m.value(r, c), m.most, {log: state.log && !m.isSigned, isSigned: m.isSigned});
  const parts = [n > mostCells ? pixels(m, colors, color, left, above, side) : cells(m, colors, color, left, above, cell)];
  m.names.forEach((name, at) => {
    const label = escaped(visible(name));
    parts.push(`<text x="${left - 8}" y="${above + (at + 0.5) * cell + 4}" text-anchor="end">${label}</text>`,
      `<text transform="translate(${left + (at + 0.5) * cell + 3} ${above - 8}) rotate(-45)">${label}</text>`);
  });
  const caption = escaped(`${run.model.name} · ${app.name} · ${run.measure.title} · rows look (query), columns are looked at (key)${m.share ? ', %' : ''} · ${m.note}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + side + 90}" height="${above + side + 40}" font-family="sans-serif" font-size="${Math.min(12, cell)}">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join('')}<text x="8" y="${above + side + 26}" font-size="11">${caption}</text></svg>\n`;
}

function escaped(s) {
  return s.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

// cells are rectangles with numbers; those that a row can't see are left out.
function cells({names, value, sees, share}, colors, color, left, above, cell) {
  return names.flatMap((_, r) => names.map((_, c) => {
    if (!sees(r, c)) return '';
    const [x, y] = [left + c * cell, above + r * cell];
    return `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${css(colors, color(r, c))}"/>` +
      `<text x="${x + cell / 2}" y="${y + 17}" text-anchor="middle" font-size="10" fill="${ink(colors, color(r, c))}">` +
      `${share ? fixed(100 * value(r, c), 0) : fixed(value(r, c), 1)}</text>`;
  })).join('');
}

// pixels are the cells as an image, a pixel each.
function pixels({names, sees}, colors, color, left, above, side) {
  const n = names.length;
  const canvas = el('canvas', {width: n, height: n});
  const image = new ImageData(n, n);
  names.forEach((_, r) => names.forEach((_, c) => {
    if (!sees(r, c)) return;
    const at = 3 * color(r, c);
    image.data.set([colors[at], colors[at + 1], colors[at + 2], 255], 4 * (r * n + c));
  }));
  canvas.getContext('2d').putImageData(image, 0, 0);
  const [, data] = canvas.toDataURL().split(','); // of a PNG, in base64
  return `<image x="${left}" y="${above}" width="${side}" height="${side}" style="image-rendering:pixelated" href="data:image/png;base64,${data}"/>`;
}
