// Arcs: the tokens twice, those that look on the left, what they look at on the right, and a line for each strong edge.

import {el, sharpen, tone, visible} from './dom.js';

const maxLines = 6000;

export class Arcs {
  constructor({hover, leave, click}) {
    this.canvas = el('canvas', {role: 'img', 'aria-label': 'arcs from each token to those it looks at'});
    this.over = el('canvas', {class: 'over', 'aria-hidden': 'true'});
    this.element = el('div', {class: 'grid'}, this.canvas, this.over);
    const at = (handler) => (event) => {
      const place = this.placeAt(event);
      if (place) handler(...place, event);
      else leave();
    };
    this.over.addEventListener('pointermove', at(hover));
    this.over.addEventListener('pointerleave', leave);
    this.over.addEventListener('click', at(click));
  }

  // draw takes units, the ones shown and the edges between them. It gives how many lines it has drawn.
  draw({units, shown, edges, width}) {
    Object.assign(this, {units, shown, edges});
    this.step = shown.length > 80 ? 15 : 24;
    this.height = 34 + shown.length * this.step;
    this.width = Math.min(width, 760);
    const c = sharpen(this.canvas, this.width, this.height);
    sharpen(this.over, this.width, this.height);
    c.font = '13px system-ui, sans-serif';
    const longest = Math.max(...shown.map((i) => c.measureText(visible(units[i].label)).width));
    this.margin = Math.min(this.width * 0.3, longest + 14);
    this.place = new Map(shown.map((i, at) => [i, 34 + (at + 0.5) * this.step]));
    this.labels(c);
    const strongest = [...edges].sort((a, b) => a.v - b.v).slice(-maxLines);
    const most = strongest.at(-1)?.v || 1;
    for (const e of strongest) this.line(c, e, tone('out'), 0.08 + 0.8 * (e.v / most), 0.6 + 2.4 * (e.v / most));
    this.most = most;
    return strongest.length;
  }

  labels(c) {
    c.textBaseline = 'middle';
    c.fillStyle = tone('faint');
    c.textAlign = 'left';
    c.fillText('from (query)', 0, 14);
    c.textAlign = 'right';
    c.fillText('to (key)', this.width, 14);
    c.font = `${Math.min(13, this.step - 2)}px system-ui, sans-serif`;
    for (const i of this.shown) {
      c.fillStyle = tone(this.units[i].special ? 'faint' : 'ink');
      c.textAlign = 'right';
      c.fillText(visible(this.units[i].label), this.margin - 8, this.place.get(i), this.margin - 8);
      c.textAlign = 'left';
      c.fillText(visible(this.units[i].label), this.width - this.margin + 8, this.place.get(i), this.margin - 8);
    }
  }

  line(c, {i, j}, color, alpha, width) {
    const [left, right] = [this.margin, this.width - this.margin];
    const middle = (left + right) / 2;
    const [from, to] = [this.place.get(i), this.place.get(j)];
    c.globalAlpha = alpha;
    c.strokeStyle = color;
    c.lineWidth = width;
    c.beginPath();
    c.moveTo(left, from);
    c.bezierCurveTo(middle, from, middle, to, right, to);
    c.stroke();
    c.globalAlpha = 1;
  }

  // placeAt is [unit, null] over the left half and [null, unit] over the right one.
  placeAt(event) {
    if (!this.shown) return null;
    const box = this.over.getBoundingClientRect();
    const unit = this.shown[Math.floor((event.clientY - box.top - 34) / this.step)];
    if (unit === undefined) return null;
    return event.clientX - box.left < this.width / 2 ? [unit, null] : [null, unit];
  }

  // mark draws the edges from a unit, to a unit, or the one between two, over the others.
  mark(i, j) {
    if (!this.shown) return;
    const c = this.over.getContext('2d');
    c.clearRect(0, 0, this.width, this.height);
    if (i === null && j === null) return;
    c.fillStyle = tone('paper');
    c.globalAlpha = 0.82;
    c.fillRect(this.margin, 30, this.width - 2 * this.margin, this.height - 30);
    for (const e of this.edges) {
      const both = i !== null && j !== null;
      if (both ? e.i === i && e.j === j : e.i === i) this.line(c, e, tone('out'), 0.25 + 0.75 * (e.v / this.most), 1 + 3 * (e.v / this.most));
      else if (!both && e.j === j) this.line(c, e, tone('in'), 0.25 + 0.75 * (e.v / this.most), 1 + 3 * (e.v / this.most));
    }
  }
}
