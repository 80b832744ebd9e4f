// A grid of coloured cells on a canvas, with labels: the heatmap, and every other matrix that is too large for a table.

import {viridis, signed, index, css, ink} from './color.js';
import {el, sharpen, tone, visible} from './dom.js';

const font = (size) => `${size}px system-ui, sans-serif`;

export class Grid {
  // Options: name, for those who don't see it; hover(i, j) and leave() as the pointer moves; click(i, j).
  constructor({name, hover, leave, click}) {
    this.canvas = el('canvas', {role: 'img', 'aria-label': name});
    this.over = el('canvas', {class: 'over', 'aria-hidden': 'true'});
    this.element = el('div', {class: 'grid'}, this.canvas, this.over);
    const at = (handler) => (event) => {
      const cell = this.cellAt(event);
      if (cell) handler?.(...cell, event);
      else leave?.();
    };
    this.over.addEventListener('pointermove', at(hover));
    this.over.addEventListener('pointerleave', () => leave?.());
    this.over.addEventListener('click', at(click));
  }

  // draw shows values, rows × columns of them. Rows and columns are {label, faint}; without labels they are lists of null.
  // Cells for which sees(i, j) is false stay empty.
  draw(picture) {
    this.picture = {sees: () => true, ...picture};
    this.measure();
    this.context = sharpen(this.canvas, this.width, this.height);
    sharpen(this.over, this.width, this.height);
    this.paintCells();
    this.paintLabels();
    if (picture.digits && this.cell >= 24) this.paintDigits();
  }

  // measure finds the size of a cell, and of the margins that the labels need.
  measure() {
    const {rows, columns, width, height = Infinity, maxCell = 46, rowHeight} = this.picture;
    this.context = this.canvas.getContext('2d');
    this.context.font = font(13);
    const longest = (list) => Math.max(0, ...list.map((u) => (u ? this.context.measureText(visible(u.label)).width : 0)));
    const labelled = rows.length <= 200;
    this.left = labelled && rows.some(Boolean) ? Math.min(130, Math.ceil(longest(rows)) + 12) : 2;
    this.tilt = labelled && columns.some(Boolean);
    const reach = this.tilt ? Math.min(110, longest(columns)) : 0;
    this.top = this.tilt ? Math.ceil(reach * 0.72) + 16 : 2;
    this.right = this.tilt ? Math.ceil(reach * 0.72) + 4 : 2;
    const free = Math.max(40, width - this.left - this.right);
    this.cell = Math.min(maxCell, free / columns.length, rowHeight ? maxCell : Math.max(1, (height - this.top) / rows.length));
    if (this.cell > 3) this.cell = Math.floor(this.cell);
    this.row = rowHeight ?? this.cell;
    this.showRows = this.row >= 11;
    if (!this.showRows) {
      // Labels that don't fit are left out; the one that is pointed at is written over the picture.
      [this.left, this.top, this.right, this.tilt] = [2, 2, 2, false];
      this.cell = Math.min(maxCell, (width - 4) / columns.length, Math.max(1, (height - 4) / rows.length));
      this.row = rowHeight ?? this.cell;
    }
    this.width = Math.ceil(this.left + this.cell * columns.length + this.right);
    this.height = Math.ceil(this.top + this.row * rows.length + 2);
  }

  paintCells() {
    const {rows, columns, values, top, log, isSigned, sees} = this.picture;
    const colors = isSigned ? signed : viridis;
    const small = new OffscreenCanvas(columns.length, rows.length);
    const image = new ImageData(columns.length, rows.length);
    for (let at = 0; at < values.length; at++) {
      if (!sees(Math.floor(at / columns.length), at % columns.length)) continue;
      const c = 3 * index(values[at], top, {log, isSigned});
      image.data.set([colors[c], colors[c + 1], colors[c + 2], 255], 4 * at);
    }
    small.getContext('2d').putImageData(image, 0, 0);
    const c = this.context;
    c.imageSmoothingEnabled = false;
    c.drawImage(small, this.left, this.top, this.cell * columns.length, this.row * rows.length);
    if (this.cell >= 14) this.paintLines();
  }

  paintLines() {
    const {rows, columns} = this.picture;
    const c = this.context;
    c.fillStyle = tone('paper');
    for (let i = 1; i < rows.length; i++) c.fillRect(this.left, this.top + i * this.row - 0.5, this.cell * columns.length, 1);
    for (let j = 1; j < columns.length; j++) c.fillRect(this.left + j * this.cell - 0.5, this.top, 1, this.row * rows.length);
  }

  paintLabels() {
    if (!this.showRows) return;
    const {rows, columns} = this.picture;
    const c = this.context;
    c.font = font(Math.min(13, this.row));
    c.textBaseline = 'middle';
    c.textAlign = 'right';
    rows.forEach((u, i) => {
      if (!u) return;
      c.fillStyle = tone(u.faint ? 'faint' : 'ink');
      c.fillText(visible(u.label), this.left - 7, this.top + (i + 0.5) * this.row, this.left - 8);
    });
    if (!this.tilt) return;
    c.textAlign = 'left';
    columns.forEach((u, j) => {
      if (!u) return;
      c.save();
      c.translate(this.left + (j + 0.5) * this.cell, this.top - 6);
      c.rotate(-Math.PI / 4);
      c.fillStyle = tone(u.faint ? 'faint' : 'ink');
      c.fillText(visible(u.label), 0, 0, 112);
      c.restore();
    });
  }

  // paintDigits writes the numbers into the cells, as picture.digits gives them.
  paintDigits() {
    const {columns, values, top, log, isSigned, digits, sees} = this.picture;
    const colors = isSigned ? signed : viridis;
    const c = this.context;
    c.font = font(Math.min(13, this.cell * 0.42));
    c.textAlign = 'center';
    values.forEach((v, at) => {
      const i = Math.floor(at / columns.length);
      if (!sees(i, at % columns.length)) return;
      c.fillStyle = ink(colors, index(v, top, {log, isSigned}));
      c.fillText(digits(v), this.left + ((at % columns.length) + 0.5) * this.cell, this.top + (i + 0.53) * this.row);
    });
  }

  cellAt(event) {
    if (!this.picture) return null;
    const box = this.over.getBoundingClientRect();
    const i = Math.floor((event.clientY - box.top - this.top) / this.row);
    const j = Math.floor((event.clientX - box.left - this.left) / this.cell);
    const {rows, columns, sees} = this.picture;
    return i >= 0 && j >= 0 && i < rows.length && j < columns.length && sees(i, j) ? [i, j] : null;
  }

  // mark frames row i and column j; either may be null.
  mark(i, j) {
    if (!this.picture) return;
    const {rows, columns} = this.picture;
    const c = this.over.getContext('2d');
    c.clearRect(0, 0, this.width, this.height);
    c.lineWidth = 2;
    const [width, height] = [this.cell * columns.length, this.row * rows.length];
    const [wide, high] = [Math.max(this.cell, 2), Math.max(this.row, 2)];
    if (i !== null) {
      c.strokeStyle = tone('out');
      c.strokeRect(this.left, this.top + i * this.row, width, high);
      this.tag(rows[i], this.left, this.top + (i + 0.5) * this.row, 'out');
    }
    if (j !== null) {
      c.strokeStyle = tone('in');
      c.strokeRect(this.left + j * this.cell, this.top, wide, height);
      this.tag(columns[j], this.left + (j + 0.5) * this.cell, this.top, 'in');
    }
    if (i !== null && j !== null) {
      c.strokeStyle = tone('ink');
      c.strokeRect(this.left + j * this.cell, this.top + i * this.row, wide, high);
    }
  }

  // tag writes a label over the picture where labels have no room.
  tag(unit, x, y, color) {
    if (this.showRows || !unit) return;
    const c = this.over.getContext('2d');
    c.font = font(13);
    const width = c.measureText(visible(unit.label)).width + 12;
    const left = Math.max(0, Math.min(x - (color === 'in' ? width / 2 : 0), this.width - width));
    const up = Math.max(0, Math.min(y - 10, this.height - 20));
    c.fillStyle = tone(color);
    c.fillRect(left, up, width, 20);
    c.fillStyle = tone('paper');
    c.textAlign = 'left';
    c.textBaseline = 'middle';
    c.fillText(visible(unit.label), left + 6, up + 10.5);
  }
}

// colorBar is the key to a grid's colours, as CSS.
export function colorBar(isSigned = false) {
  const colors = isSigned ? signed : viridis;
  const stops = Array.from({length: 17}, (_, i) => css(colors, Math.round(i * 255 / 16)));
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
