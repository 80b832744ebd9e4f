// A text too long for maps: of the head at hand a map of segments, what every token receives, and the exact row of one token
// at a time, which the server computes when it is asked for.

import {colorBar, Grid} from './grid.js';
import {byId, el, visible} from './dom.js';
import {barOf, needRows} from './headmap.js';
import {nameOf} from './maps.js';
import {farthest, figures, fixed, percent} from './numbers.js';
import {Prose} from './prose.js';
import {Track} from './track.js';

const stretchTokens = 160; // shown of the text at a time
const listedKeys = 12; // of a row, the largest first

export class Survey {
  // change(fields) is called with the fields of the state that the reader has changed.
  constructor(change) {
    this.change = change;
    this.grid = new Grid({
      name: 'map of segments', leave: () => this.point(null),
      hover: (i, j) => this.point(i, j), click: (i) => change({at: this.app.run.segments[i][0]}),
    });
    this.track = new Track({
      name: 'what each token receives, along the text', leave: () => this.point(null),
      hover: (token) => this.pointToken(token), click: (token) => change({at: this.around(token), key: token}),
    });
    this.prose = new Prose({
      hover: (token) => this.pointToken(token), leave: () => this.point(null),
      click: (token, event) => change(event.shiftKey ? {key: token} : {query: token, key: null, at: this.from}),
    });
    this.cells = el('select', {id: 'cells', onchange: () => change({cells: this.cells.value})},
      el('option', {value: 'share'}, 'share: what a row’s token gives to the column'),
      el('option', {value: 'max'}, 'largest weight'));
    this.token = el('input', {id: 'token', type: 'number', min: '0', step: '1', onchange: () => this.typed()});
    this.row = el('div', {id: 'row', 'aria-live': 'polite'});
    this.place = el('h3', {});
    this.scale = el('p', {class: 'faint', id: 'scale'});
    const step = (by) => () => change({at: this.within(this.from + by * stretchTokens)});
    this.earlier = el('button', {type: 'button', onclick: step(-1)}, '‹ Earlier');
    this.later = el('button', {type: 'button', onclick: step(1)}, 'Later ›');
    this.element = el('div', {class: 'survey'},
      el('p', {class: 'choices'}, el('label', {}, 'Cells ', this.cells)),
      this.grid.element, el('p', {class: 'faint'}, 'What each token receives, from the first to the last (height by the logarithm)'), this.track.element,
      el('p', {class: 'choices'}, el('label', {}, 'Row of token ', this.token), el('span', {class: 'faint'}, 'or click a word below; [ and ] go on by one')),
      el('div', {class: 'choices'}, this.place, this.earlier, this.later), this.scale, this.prose.element, this.row);
  }

  // show draws what is known of the head; the row comes with finish.
  show(app, width) {
    this.app = app;
    const {run, state, figures: f} = app;
    this.cells.value = state.cells;
    this.token.max = run.tokens.length - 1;
    this.token.value = state.query ?? '';
    const values = state.cells === 'max' ? f.max : f.share;
    const most = farthest(values);
    const units = run.segments.map((_, s) => ({label: this.segment(s)}));
    this.grid.draw({
      rows: units, columns: units, values, top: most, log: state.log, width, height: 600, maxCell: 40,
      sees: (r, c) => !run.causal || c <= r,
    });
    this.track.draw({values: f.received, left: this.grid.left, width: this.grid.cell * units.length});
    this.colorKey(most);
    this.drawStretch();
    this.point(null);
    this.found = null;
    if (state.query === null) this.row.replaceChildren();
    this.light();
  }

  // segment is what a segment is called: its tokens, counted from 0, the last one included.
  segment(s) {
    const [from, to] = this.app.run.segments[s];
    return to - from === 1 ? this.name(from) : `${from}–${to - 1} ${this.label(from)} … ${this.label(to - 1)}`;
  }

  label(token) {
    return visible(nameOf(this.app.run.tokens[token]));
  }

  name(token) {
    return `${token} ${this.label(token)}`;
  }

  colorKey(most) {
    const {state} = this.app;
    const bar = el('span', {class: 'colors'});
    bar.style.backgroundImage = colorBar();
    byId('key').replaceChildren(
      el('span', {}, state.log ? this.app.shown(most / 1000) : '0'), bar, el('span', {}, this.app.shown(most)),
      el('span', {class: 'faint'}, 'rows look (from, query), columns are looked at (to, key); a click on a cell shows the text of its row'));
  }

  // within is where a stretch may begin, as near to a token as the ends of the text allow.
  within(token) {
    return Math.max(0, Math.min(token, this.app.run.tokens.length - stretchTokens));
  }

  // around is where the stretch begins that has a token in its middle.
  around(token) {
    return this.within(token - stretchTokens / 2);
  }

  // beside is where the stretch begins that has a token in it: if it can, where it begins already.
  beside(token) {
    return token >= this.from && token < this.to ? this.from : this.around(token);
  }

  drawStretch() {
    const {run, state, frame} = this.app;
    const n = run.tokens.length;
    this.from = this.within(state.at ?? (state.query === null ? 0 : this.around(state.query)));
    this.to = Math.min(this.from + stretchTokens, n);
    this.place.textContent = `Tokens ${this.from} to ${this.to - 1} of ${n}`;
    this.earlier.disabled = this.from === 0;
    this.later.disabled = this.to === n;
    this.prose.draw(frame.units, Array.from({length: this.to - this.from}, (_, i) => this.from + i), run.tokens);
  }

  // finish fetches the row of the locked token and shows it.
  async finish(app, current) {
    const {run, state, source} = app;
    if (state.query === null) return;
    const {layer, heads: [head], query} = state;
    const say = (text) => current() && this.row.replaceChildren(el('p', {}, text));
    const slow = setTimeout(() => say(`The row of token ${this.name(query)} is on its way: the model runs once for it.`), 300);
    this.row.classList.add('waiting');
    try {
      const found = await source.row(run, layer, head, query);
      if (!current()) return;
      this.found = {...found, layer, head, query};
      this.list();
      this.light();
      this.point(null);
      app.drawTable();
      byId('summary').textContent = app.spoken();
    } catch (error) {
      say(`There is no row of token ${this.name(query)}.`);
      throw error;
    } finally {
      clearTimeout(slow);
      if (current()) this.row.classList.remove('waiting');
    }
  }

  // rowOf is the row that a state asks for, if it is there.
  rowOf({layer, heads: [head], query}) {
    const {found} = this;
    return found?.layer === layer && found.head === head && found.query === query ? found : null;
  }

  // list says where the locked token looks most.
  list() {
    const {app, found, app: {state}} = this;
    const {keys, weights} = found;
    const order = [...keys.keys()].sort((a, b) => weights[b] - weights[a]).slice(0, listedKeys);
    const sum = order.reduce((all, k) => all + weights[k], 0);
    const rows = order.map((k) => el('li', {},
      el('button', {type: 'button', class: 'link', 'aria-pressed': String(state.key === keys[k]), onclick: () => this.change({key: keys[k], at: this.beside(keys[k])})},
        this.name(keys[k])),
      el('span', {class: 'bar'}, barOf(weights[k] / (weights[order[0]] || 1))),
      el('span', {class: 'number'}, app.exact(weights[k]))));
    const rest = found.whole
      ? `These ${order.length} of ${keys.length} have ${percent(sum)}; as even as over ${fixed(Math.exp(entropy(weights)), 1)} tokens (entropy ${fixed(entropy(weights), 2)} nats).`
      : `A file has the ${keys.length} largest weights of a row, here ${percent(sum)} of all attention; rapt serve has the others.`;
    const focused = [...this.row.querySelectorAll('button')].indexOf(document.activeElement);
    this.row.replaceChildren(
      el('h3', {}, `Token ${this.name(state.query)} looks at`), el('ol', {class: 'ranking'}, rows), el('p', {class: 'faint'}, rest));
    this.row.querySelectorAll('button')[focused]?.focus({preventScroll: true});
  }

  // light colours the words of the stretch: by the row, where there is one, and by what they receive.
  light() {
    const {app, app: {state, figures: f}} = this;
    const row = this.found ? this.numbers() : null;
    this.prose.light(row, f.received.map(Math.log1p), state.query);
    for (const [token, span] of this.prose.spans) span.classList.toggle('key', token === state.key);
    const most = (list) => {
      let top = 0;
      for (let i = this.from; i < this.to; i++) top = Math.max(top, list[i]);
      return top;
    };
    this.scale.textContent = (row ? `Ground: how much token ${this.name(state.query)} looks at a word, in full at ${app.exact(most(row))}` +
      `${this.found.whole ? '' : '; words without it get no more than the smallest weight that the file has'}. ` : '') + `Line below: what a word receives, by the logarithm, in full at ${figures(most(f.received))}.`;
    this.track.mark(state.query, state.key);
  }

  // numbers is the row by token.
  numbers() {
    const {keys, weights} = this.found;
    const row = new Float32Array(this.app.run.tokens.length);
    keys.forEach((key, k) => { row[key] = weights[k]; });
    return row;
  }

  // current is whether what is shown is of the run at hand; the figures of another one are on their way otherwise.
  get current() {
    return this.app !== undefined && this.app.framed === this.app.run;
  }

  // point tells of a cell, or of the edge that is locked.
  point(i, j) {
    if (!this.current) return;
    this.app.hovered = {query: null, key: null};
    const {run, state, figures: f} = this.app;
    this.grid.mark(i, i === null ? null : j);
    if (i === null) {
      byId('readout').replaceChildren(...this.locked(state));
      return;
    }
    const at = i * run.segments.length + j;
    const [from, to] = run.segments[j];
    byId('readout').replaceChildren(
      el('b', {class: 'goes'}, `tokens ${this.segment(i)}`), ' → ', el('b', {class: 'comes'}, `tokens ${this.segment(j)}`), ' ',
      el('span', {class: 'value', id: 'value'}, this.app.shown(f.share[at])),
      el('span', {class: 'faint'}, ` of each row on average, ${figures(f.share[at] / (to - from))} a key; largest weight ${this.app.shown(f.max[at])}`));
  }

  // locked is what the line above the picture says as long as nothing is pointed at.
  locked({query, key}) {
    if (query === null || key === null || !this.found) return [el('span', {class: 'faint'}, 'Point at a cell for its tokens and numbers; click a word for its exact row.')];
    const at = this.found.keys.indexOf(key);
    return [el('b', {class: 'goes'}, this.name(query)), ' → ', el('b', {class: 'comes'}, this.name(key)), ' ',
      at >= 0 ? el('span', {class: 'value', id: 'value'}, this.app.exact(this.found.weights[at])) : el('span', {class: 'faint'}, this.unknown(key))];
  }

  // unknown says why a row has no number for a key.
  unknown(key) {
    return this.app.run.causal && key > this.found.query ? 'it can’t see what comes later' : 'not among the weights that the file has';
  }

  pointToken(token) {
    if (!this.current) return;
    const {figures: f} = this.app;
    this.app.hovered = {query: token, key: null}; // Enter locks it
    const parts = [el('b', {}, `token ${this.name(token)}`), ` receives ${figures(f.received[token])}`];
    const at = this.found ? this.found.keys.indexOf(token) : -1;
    if (at >= 0) parts.push(' and from ', el('b', {class: 'goes'}, this.name(this.app.state.query)), ' ', el('span', {class: 'value', id: 'value'}, this.app.exact(this.found.weights[at])));
    byId('readout').replaceChildren(...parts);
  }

  // typed takes the number of a token.
  typed() {
    const {app: {run, fail}, token: {value}} = this;
    if (value === '') return this.change({query: null, key: null, at: this.from});
    const token = Number(value);
    if (!Number.isInteger(token) || token < 0 || token >= run.tokens.length) {
      return fail(new Error(`There is no token ${value}: there are ${run.tokens.length}, 0 to ${run.tokens.length - 1}.`));
    }
    fail(null);
    return this.change({query: token, key: null, at: null});
  }

  // tables are the stretch in numbers, and what its segment, or that of the locked token, gives to all segments.
  tables() {
    return [this.stretchTable(), this.segmentTable()];
  }

  segmentTable() {
    const {app: {run, state, figures: f, name}} = this;
    const n = run.segments.length;
    const token = state.query ?? this.from;
    const row = run.segments.findIndex(([, to]) => token < to);
    const seen = run.segments.map((_, s) => s).filter((s) => !run.causal || s <= row);
    return el('table', {class: 'numbers', id: 'segmentNumbers'},
      el('caption', {}, `${name}: what the segment of tokens ${this.segment(row)} gives`),
      el('thead', {}, el('tr', {}, ['to tokens', 'share', 'largest weight'].map((c) => el('th', {scope: 'col'}, c)))),
      el('tbody', {}, seen.map((s) => el('tr', {}, el('th', {scope: 'row'}, this.segment(s)),
        el('td', {}, this.app.shown(f.share[row * n + s])), el('td', {}, this.app.shown(f.max[row * n + s]))))));
  }

  stretchTable() {
    const {app, app: {state, figures: f, name}} = this;
    const row = this.found ? this.numbers() : null;
    const known = new Set(this.found?.keys);
    const columns = ['token', '', ...(row ? [`is looked at by ${this.name(state.query)}`] : []), 'receives'];
    const tokens = Array.from({length: this.to - this.from}, (_, i) => this.from + i);
    return el('table', {class: 'numbers'},
      el('caption', {}, `${name}, tokens ${this.from} to ${this.to - 1}`),
      el('thead', {}, el('tr', {}, columns.map((c) => (c ? el('th', {scope: 'col'}, c) : el('td', {}))))),
      el('tbody', {}, tokens.map((i) => el('tr', {}, el('th', {scope: 'row'}, String(i)), el('td', {}, this.label(i)),
        row ? el('td', {}, known.has(i) ? app.exact(row[i]) : '') : null, el('td', {}, figures(f.received[i]))))));
  }
}

// entropy is −Σ w ln w, in nats.
function entropy(weights) {
  let sum = 0;
  for (const w of weights) if (w > 0) sum -= w * Math.log(w);
  return sum;
}

// missing lists what a state asks for that a survey doesn't have.
export function missing({words, special, compare, heads, sort, by}) {
  return [
    needRows.includes(sort) || needRows.includes(by) ? 'relation and salience of heads' : null,
    words ? 'whole words' : null, special ? null : 'hiding special tokens', compare === null ? null : 'comparing texts',
    heads.length > 1 ? 'the mean of several heads' : null,
  ].filter(Boolean);
}
