// The text as it reads: the ground of a token says how much it is looked at by the one at hand, the line below it how
// much it looks back.

import {el, visible} from './dom.js';

export class Prose {
  constructor({hover, leave, click}) {
    this.element = el('div', {class: 'prose'});
    const unitOf = (event) => event.target.closest?.('[data-unit]')?.dataset.unit;
    this.element.addEventListener('pointerover', (event) => {
      const u = unitOf(event);
      if (u !== undefined) hover(Number(u));
    });
    this.element.addEventListener('pointerleave', leave);
    this.element.addEventListener('click', (event) => {
      const u = unitOf(event);
      if (u !== undefined) click(Number(u), event);
    });
  }

  draw(units, shown, tokens) {
    this.spans = new Map();
    const parts = [];
    for (const u of shown) {
      const [first, before] = [tokens[units[u].tokens[0]], tokens[units[u].tokens[0] - 1]];
      const joined = before && !before.special && !first.special && before.end === first.start;
      const label = units[u].special ? visible(units[u].label) : units[u].tokens.map((i) => tokens[i].source).join('') || '⏎';
      const span = el('span', {'data-unit': u, class: units[u].special ? 'special' : ''}, label);
      this.spans.set(u, span);
      parts.push(joined ? '' : ' ', span);
    }
    this.element.replaceChildren(...parts);
  }

  // light colours the text by numbers for each unit.
  light(out, incoming, focus) {
    const most = (list) => (list ? Math.max(1e-9, ...[...this.spans.keys()].map((u) => list[u])) : 1);
    const [mostOut, mostIn] = [most(out), most(incoming)];
    for (const [u, span] of this.spans) {
      span.style.setProperty('--goes', out ? `${(72 * out[u] / mostOut).toFixed(1)}%` : '0%');
      span.style.setProperty('--comes', incoming ? `${(100 * incoming[u] / mostIn).toFixed(1)}%` : '0%');
      span.classList.toggle('here', u === focus);
    }
  }
}
