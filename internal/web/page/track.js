// A bar for each token along the text, or for the largest of several where there is no room for all.

import {el, sharpen, tone} from './dom.js';

const height = 46;

export class Track {
  // Options: name, for those who don't see it; hover(token), leave() and click(token).
  constructor({name, hover, leave, click}) {
    this.canvas = el('canvas', {role: 'img', 'aria-label': name});
    this.over = el('canvas', {class: 'over', 'aria-hidden': 'true'});
    this.element = el('div', {class: 'grid'}, this.canvas, this.over);
    const at = (handler) => (event) => {
      const token = this.tokenAt(event);
      if (token === null) leave();
      else handler(token);
    };
    this.over.addEventListener('pointermove', at(hover));
    this.over.addEventListener('pointerleave', leave);
    this.over.addEventListener('click', at(click));
  }

  // draw shows a number of each token, none below 0, between left and left + width.
  draw({values, left, width}) {
    Object.assign(this, {values, left, width});
    const c = sharpen(this.canvas, left + width, height);
    sharpen(this.over, left + width, height);
    this.columns = columnsOf(values, Math.max(1, Math.floor(width)));
    const scale = (v) => Math.log1p(v);
    const most = scale(values[this.columns.reduce((best, i) => (values[i] > values[best] ? i : best), 0)]) || 1;
    const step = width / this.columns.length;
    c.fillStyle = tone('in');
    this.columns.forEach((token, x) => {
      const high = Math.max(1, (height - 2) * scale(values[token]) / most);
      c.fillRect(left + x * step, height - high, Math.max(step - (step > 3 ? 1 : 0), 0.5), high);
    });
  }

  tokenAt(event) {
    if (!this.values) return null;
    const x = Math.floor((event.clientX - this.over.getBoundingClientRect().left - this.left) / (this.width / this.columns.length));
    return this.columns[x] ?? null;
  }

  // mark shows where the locked tokens are; either may be null.
  mark(query, key) {
    if (!this.values) return;
    const c = this.over.getContext('2d');
    c.clearRect(0, 0, this.left + this.width, height);
    for (const [token, color] of [[query, 'out'], [key, 'ink']]) {
      if (token === null) continue;
      c.fillStyle = tone(color);
      c.fillRect(this.left + (token + 0.5) * this.width / this.values.length - 1, 0, 2, height);
    }
  }
}

// columnsOf is the token of each column: the largest of those that fall into it.
export function columnsOf(values, most) {
  const count = Math.min(most, values.length);
  return Array.from({length: count}, (_, x) => {
    let best = Math.floor(x * values.length / count);
    for (let i = best; i < Math.floor((x + 1) * values.length / count); i++) if (values[i] > values[best]) best = i;
    return best;
  });
}
