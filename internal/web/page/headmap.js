// The head map: a thumbnail of every head, layer by layer, with the letter of its role.

import {css, index, ink, viridis} from './color.js';
import {el, visible} from './dom.js';
import {fixed} from './numbers.js';

const orders = {
  relation: (r) => -r.relation,
  entropy: (r) => r.entropy,
  special: (r) => -r.special,
  distance: (r) => -r.distance,
};

// headMeasures are what the map can show of a head in place of its picture: the name of the role, what it is called and,
// where it isn't a share, that.
const headMeasures = [
  ['entropy', 'entropy, nats', true], ['evenness', 'evenness of a row'], ['distance', 'distance, tokens', true], ['confidence', 'largest weight of a row'],
  ['largest', 'received by one token'], ['special', 'to special tokens'], ['first', 'to the first token'], ['previous', 'to the previous token'],
  ['next', 'to the next token'], ['self', 'to itself'], ['punctuation', 'to punctuation'], ['same_token', 'to the same token elsewhere'],
  ['induction', 'to after an earlier copy'], ['relation', 'relation, bits', true], ['salience', 'salience, bits', true],
];

// needRows are those that need all rows of a head, which a survey doesn't have.
export const needRows = ['relation', 'salience'];

// measuresOf are those that there are of a run.
export function measuresOf(run) {
  return headMeasures.filter(([name]) => !run.segments || !needRows.includes(name));
}

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
    this.by = run.heads > 1 ? measuresOf(run).find(([name]) => name === state.by) : undefined;
    if (this.by) this.most = Math.max(...run.roles.flat().map((r) => r[this.by[0]]));
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
    const measured = this.by ? `, ${this.by[1]}: ${this.number(l, h)}` : '';
    const button = el('button', {
      type: 'button', class: 'thumb', tabindex: '-1', title: `${name}${rule ? ': ' + rule[1] : ''}${measured}`,
      'aria-label': `${name}${rule ? ', ' + rule[1] : ''}${measured}`,
      onclick: (event) => this.choose(l, h, event.shiftKey || event.ctrlKey || event.metaKey),
    }, this.by ? this.value(l, h) : this.picture(l, h), this.by || !letter ? null : el('span', {class: 'letter', 'aria-hidden': 'true'}, letter));
    this.buttons.set(l + '.' + h, button);
    return button;
  }

  // number is a head's measure: of a share the hundredths.
  number(l, h) {
    const [name, , plain] = this.by;
    const x = this.run.roles[l][h][name];
    return plain ? fixed(x, x >= 9.95 ? 0 : 1) : fixed(100 * x, 0);
  }

  value(l, h) {
    const cell = el('span', {class: 'measure', 'aria-hidden': 'true'}, this.number(l, h));
    const at = index(this.run.roles[l][h][this.by[0]], this.most);
    cell.style.backgroundColor = css(viridis, at);
    cell.style.color = ink(viridis, at);
    return cell;
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
