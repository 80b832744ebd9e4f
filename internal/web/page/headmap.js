// The head map: a thumbnail of every head, layer by layer, with the letter of its role.

import {viridis} from './color.js';
import {el, visible} from './dom.js';

const orders = {
  relation: (r) => -r.relation,
  entropy: (r) => r.entropy,
  special: (r) => -r.special,
  distance: (r) => -r.distance,
};

export class HeadMap {
  // choose(layer, head, add) is called when a head is chosen, add if it is to be shown with those chosen already.
  constructor(host, choose) {
    this.host = host;
    this.choose = choose;
  }

  // draw makes the map anew, for another run, order or filter.
  draw(run, state) {
    this.run = run;
    this.thumbs = Uint8Array.from(atob(run.thumbs.data), (c) => c.charCodeAt(0));
    this.buttons = new Map();
    const placed = state.sort === 'place' || run.heads === 1;
    const rows = placed ? this.byLayer() : [el('div', {class: 'sorted'}, this.sorted(state.sort).map(([l, h]) => this.button(l, h)))];
    this.host.replaceChildren(...rows);
    this.host.classList.toggle('placed', placed);
  }

  byLayer() {
    const {layers, heads} = this.run;
    return Array.from({length: layers}, (_, l) =>
      el('div', {class: 'layer', role: 'group', 'aria-label': `layer ${l}`},
        el('span', {class: 'name', 'aria-hidden': 'true'}, `L${l}`),
        Array.from({length: heads}, (_, h) => this.button(l, h))));
  }

  sorted(order) {
    const list = this.run.roles.flatMap((row, l) => row.map((r, h) => [l, h, orders[order](r)]));
    return list.sort((a, b) => a[2] - b[2]);
  }

  button(l, h) {
    const letter = this.run.heads > 1 ? [...this.run.letters[l]][h] : '';
    const rule = this.run.legend.find(([x]) => x === letter);
    const name = this.run.heads > 1 ? `layer ${l} head ${h}` : `layer ${l}`;
    const button = el('button', {
      type: 'button', class: 'thumb', tabindex: '-1', title: `${name}${rule ? ': ' + rule[1] : ''}`,
      'aria-label': `${name}${rule ? ', ' + rule[1] : ''}`,
      onclick: (event) => this.choose(l, h, event.shiftKey || event.ctrlKey || event.metaKey),
    }, this.picture(l, h), letter && el('span', {class: 'letter', 'aria-hidden': 'true'}, letter));
    this.buttons.set(l + '.' + h, button);
    return button;
  }

  picture(l, h) {
    const {size} = this.run.thumbs;
    const canvas = el('canvas', {width: size, height: size, 'aria-hidden': 'true'});
    const image = new ImageData(size, size);
    const from = (l * this.run.heads + h) * size * size;
    for (let at = 0; at < size * size; at++) {
      if (this.run.causal && at % size > Math.floor(at / size)) continue; // nothing looks ahead
      const c = 3 * this.thumbs[from + at];
      image.data.set([viridis[c], viridis[c + 1], viridis[c + 2], 255], 4 * at);
    }
    canvas.getContext('2d').putImageData(image, 0, 0);
    return canvas;
  }

  // mark shows which heads are chosen, which pass the filter, and which are off.
  mark(state) {
    const wanted = [...state.filter];
    for (const [name, button] of this.buttons) {
      const [l, h] = name.split('.').map(Number);
      const chosen = l === state.layer && state.heads.includes(h);
      const passes = !wanted.length || wanted.includes([...(this.run.letters[l] ?? '')][h]);
      button.classList.toggle('chosen', chosen);
      button.classList.toggle('dim', !passes);
      button.classList.toggle('off', state.off.some(([a, b]) => a === l && b === h));
      button.setAttribute('aria-pressed', chosen);
      button.tabIndex = chosen && h === state.heads[0] ? 0 : -1;
    }
  }
}

// ranking lists heads by the weight of an edge.
export function ranking(list, from, to, {show, choose}) {
  const rows = list.slice(0, 8).map(({layer, head, score}) =>
    el('li', {},
      el('button', {type: 'button', class: 'link', onclick: () => choose(layer, head)}, `L${layer} H${head}`),
      el('span', {class: 'bar'}, barOf(score / (list[0].score || 1))),
      el('span', {class: 'number'}, show(score))));
  return [el('h3', {}, `Heads by ${visible(from)} → ${visible(to)}`), el('ol', {class: 'ranking'}, rows)];
}

// barOf is a bar of that share of its place.
export function barOf(share) {
  const bar = el('i', {});
  bar.style.width = 100 * Math.max(0, Math.min(1, share)) + '%';
  return bar;
}
