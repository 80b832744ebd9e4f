// Inside a head of the real model: the matrices of the lesson, as large as they are there.

import {el, visible} from './dom.js';
import {Grid} from './grid.js';
import {nameOf} from './maps.js';
import {fixed} from './numbers.js';
import {attention, product} from './seven.js';

const parts = [
  {name: 'x', title: 'x', text: 'What enters the layer: a row for each token. A few numbers are far larger than the rest: the colours end at the 99th percentile.'},
  {name: 'q', title: 'q = x·W + b', text: 'What each token asks for.'},
  {name: 'k', title: 'k = x·W + b', text: 'What each token offers to be found by.'},
  {name: 'v', title: 'v = x·W + b', text: 'What each token passes on.'},
  {name: 'scores', title: 'scores = q·kᵀ', text: 'How well a row’s question fits a column’s offer.', square: true},
  {name: 'scaled', title: 'scaled = scores / √d', text: 'The same, of a size that doesn’t grow with d.', square: true},
  {name: 'weights', title: 'weights = softmax(scaled)', text: 'The attention of this head: each row sums to 1.', square: true},
  {name: 'output', title: 'z = weights·v', text: 'Each token as the mixture of what it looks at.'},
];

// quantile is the number that this part of the others doesn't exceed.
function quantile(values, part) {
  return Float64Array.from(values).sort()[Math.ceil(part * values.length) - 1];
}

// titleOf is a title with its index set low.
function titleOf({name, title}) {
  const [before, after] = title.split('W');
  return after === undefined ? [title] : [before + 'W', el('sub', {}, name), after];
}

export class Inside {
  constructor() {
    this.note = el('p', {class: 'faint'});
    this.formula = el('output', {class: 'formula', 'aria-live': 'polite'}, 'Point at a cell to see where its number comes from.');
    this.grids = Object.fromEntries(parts.map((p) => [p.name, new Grid({
      name: p.title,
      hover: (i, j) => this.point(p.name, i, j),
      leave: () => this.unpoint(),
    })]));
    this.figures = Object.fromEntries(parts.map((p) => [p.name, el('figure', {class: p.square ? 'square' : ''},
      el('figcaption', {}, el('b', {}, ...titleOf(p)), el('small', {}), el('span', {}, p.text)), this.grids[p.name].element)]));
    this.element = el('div', {class: 'inside'}, this.note, el('div', {class: 'figures'}, parts.map((p) => this.figures[p.name])), this.formula);
  }

  // show takes what a source knows of a head, and the run that it is of.
  show(head, run, name, width) {
    if (!head) {
      this.element.classList.add('empty');
      this.note.textContent = 'This file holds the maps alone: q, k and v of every head are in files of up to 12 tokens, and rapt serve has them of any text.';
      this.values = null;
      return;
    }
    const {tokens, model, causal} = run;
    this.element.classList.remove('empty');
    this.causal = causal;
    this.values = {x: head.x, ...attention(head.q, head.k, head.v, causal)};
    const does = this.compare(head.weights);
    this.tokens = tokens.map((t) => ({label: nameOf(t), faint: t.special}));
    this.dim = model.head_dim;
    this.note.textContent = `${name} of ${model.name}: ${tokens.length} tokens; x has ${model.model_dim} numbers a token, q, k and v have ` +
      `${model.head_dim}; ${model.heads} such heads in each of ${model.layers} layers.` +
      (head.code ? ` Worked out here from q, k and v, which the file holds to ${head.code.decimals} decimals; x isn’t in it.` : '') +
      (causal ? ' A token sees none that come later. x is normed before it is multiplied, and where positions are rotary q and k are turned by their place.' : '') + does;
    for (const p of parts) this.draw(p, width);
  }

  // compare takes the model's own weights where they aren't the softmax of the scores, and says so.
  compare(weights) {
    const near = weights.every((row, i) => row.every((x, j) => Math.abs(x - this.values.weights[i][j]) < 0.02)); // files are rounded
    if (near) return '';
    Object.assign(this.values, {weights, output: product(weights, this.values.v)});
    return ' This model does more than softmax between scores and weights (a bias by distance, another scale, a cap, a window, a sink): the weights are its own.';
  }

  draw({name, square}, width) {
    const m = this.values[name];
    this.figures[name].hidden = !m;
    if (!m) return;
    const values = m.flat();
    const isWeights = name === 'weights';
    const most = quantile(values.map(Math.abs), name === 'x' ? 0.99 : 1);
    this.figures[name].querySelector('small').textContent = `${m.length} × ${m[0].length}`;
    this.grids[name].draw({
      rows: this.tokens, columns: square ? this.tokens : m[0].map(() => null),
      values, top: most, isSigned: !isWeights, width: square ? Math.min(width, 420) : width, maxCell: square ? 30 : 22, rowHeight: square ? undefined : 16,
      sees: (i, j) => !square || !this.causal || j <= i,
      digits: square && m.length <= 12 ? (x) => (isWeights ? String(Math.round(100 * x)) : fixed(x, 1)) : null,
    });
  }

  point(name, i, j) {
    this.formula.replaceChildren(...this.explain(name, i, j));
    for (const [other, [r, c]] of Object.entries(this.sources(name, i, j))) this.grids[other].mark(r, c);
  }

  unpoint() {
    for (const grid of Object.values(this.grids)) if (grid.picture) grid.mark(null, null);
  }

  // sources are the rows and columns that a cell comes from, and the cell.
  sources(name, i, j) {
    this.unpoint();
    const found = {
      x: {}, q: {x: [i, null]}, k: {x: [i, null]}, v: {x: [i, null]},
      scores: {q: [i, null], k: [j, null]}, scaled: {scores: [i, j]}, weights: {scaled: [i, null]},
      output: {weights: [i, null], v: [null, j]},
    }[name];
    if (!this.values.x) delete found.x;
    return {...found, [name]: [i, j]};
  }

  explain(name, i, j) {
    const v = this.values;
    const token = (t) => visible(this.tokens[t].label);
    const value = (label, text) => [el('b', {}, label), text, el('b', {}, fixed(v[name][i][j], name === 'weights' ? 4 : 3))];
    switch (name) {
      case 'x':
        return value(`x[${token(i)}, ${j}]`, ' = ');
      case 'q': case 'k': case 'v':
        return value(`${name}[${token(i)}, ${j}]`, ` = x[${token(i)}] · column ${j} of W_${name}, plus the bias = `);
      case 'scores':
        return [...value(`score[${token(i)}, ${token(j)}]`, ` = the sum of ${this.dim} products = `), this.largest(i, j)];
      case 'scaled':
        return value(`scaled[${token(i)}, ${token(j)}]`, ` = ${fixed(v.scores[i][j], 3)} / √${this.dim} = `);
      case 'weights':
        return value(`weight[${token(i)}, ${token(j)}]`, ` = e^${fixed(v.scaled[i][j], 3)} / the sum of e^… over the row of ${token(i)}${this.causal ? ', up to its own column' : ''} = `);
      default:
        return value(`z[${token(i)}, ${j}]`, ` = Σ weight[${token(i)}, …] · v[…, ${j}] = `);
    }
  }

  // largest are the three products that say most in a score.
  largest(i, j) {
    const products = this.values.q[i].map((x, d) => [d, x, this.values.k[j][d]]);
    products.sort((a, b) => Math.abs(b[1] * b[2]) - Math.abs(a[1] * a[2]));
    return '; the largest are ' + products.slice(0, 3).map(([d, x, y]) => `${fixed(x, 2)}·${fixed(y, 2)} (number ${d})`).join(', ');
  }
}
