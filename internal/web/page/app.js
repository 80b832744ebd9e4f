// The page: it holds the state, loads what the state needs, and has the parts draw it.

import {parse, format, views} from './address.js';
import {facts, pairs, similar} from './card.js';
import {connect, find, sync} from './controls.js';
import {byId, el, visible} from './dom.js';
import {edits} from './edits.js';
import {HeadMap, ranking} from './headmap.js';
import {listen} from './keys.js';
import {frame, merge, mean, hidden, strongest} from './maps.js';
import {show, fixed, percent} from './numbers.js';
import {readout} from './readout.js';
import {open} from './source.js';
import {Stage} from './stage.js';
import {Strip} from './strip.js';
import {missing} from './survey.js';
import {table} from './table.js';

// runsOn are the fields of the state that the model must run for.
const runsOn = ['text', 'pair', 'measure', 'off', 'cuts'];

// textless are the views that show no weights of a text.
const textless = ['lesson', 'write'];

const defaultText = 'The cat sat on the mat.';

class App {
  constructor() {
    this.source = open(document);
    this.state = parse(location.hash || this.source.start);
    this.hovered = {query: null, key: null}; // units
    const pointing = {
      hover: (query, key) => this.hover(query, key),
      leave: () => this.hover(null, null),
      lock: (query, key, add) => this.lockUnits(query, key, add),
      change: (fields) => this.set(fields),
    };
    this.stage = new Stage(byId('picture'), pointing);
    this.headMap = new HeadMap(byId('heads'), (l, h, add) => this.choose(l, h, add));
    this.strip = new Strip(byId('tokens'), {
      hover: (u) => this.hover(u, null, true),
      leave: () => this.hover(null, null),
      click: (u, shift) => this.lockUnits(u, null, shift),
    });
    connect(this);
    listen(this);
    window.addEventListener('hashchange', () => this.follow());
    window.addEventListener('resize', () => this.resized());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  // --- loading ---

  async start() {
    this.theme();
    try {
      this.known = await this.source.models();
      byId('measure').replaceChildren(...this.known.measures.map((m) => el('option', {value: m.name}, m.title)));
      byId('ask').hidden = this.source.isFile;
      byId('compareLabel').hidden = this.source.isFile;
      byId('sentence').hidden = !this.source.isFile;
    } catch (error) {
      this.fail(error);
      return;
    }
    await this.load();
  }

  // load runs the model on what the state says, and draws.
  async load() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    document.body.classList.add('busy');
    const slow = setTimeout(() => this.wait(), 1000);
    try {
      const {measure, off, cuts, pair} = this.state;
      const text = this.state.text ?? defaultText;
      const survey = this.state.view === 'survey' || null;
      const run = await this.source.summary({text, pair, measure, off, cuts, survey});
      if (turn !== this.turn) return;
      this.run = run;
      this.code = this.source.code;
      this.settle();
      if (!run.segments) this.source.layer(run, this.state.layer).catch(() => {}); // on its way while the map is drawn; update waits for it
      this.headMap.draw(run, this.state);
      await this.update();
      this.fail(null);
    } catch (error) {
      if (turn === this.turn) await this.stay(error);
    } finally {
      clearTimeout(slow);
      if (turn === this.turn) document.body.classList.remove('busy');
    }
  }

  // wait says why nothing is there yet.
  wait() {
    byId('readout').textContent = byId('summary').textContent = 'The model is running over the text; thousands of tokens take it some seconds.';
  }

  // stay keeps what is shown where another run can't be had, and says why. A page that shows nothing yet does without the
  // measure that it was to begin with.
  async stay(error) {
    const {state, run} = this;
    if (!run && state.measure !== 'weights') {
      await this.set({measure: 'weights'});
      if (this.run) this.fail(error);
      return;
    }
    byId('readout').textContent = '';
    if (run && (state.view === 'survey') !== Boolean(run.segments) && !run.long) state.view = run.segments ? 'survey' : 'heatmap';
    this.draw();
    this.fail(error);
  }

  // settle makes the state fit the run: heads and tokens that aren't there become those to start with.
  settle() {
    const {state, run} = this;
    const {text, pair, measure: {name: measure}, model: {name: model}, off, cuts} = run;
    Object.assign(state, {text, pair, model, measure, off, cuts});
    const fits = state.layer !== null && state.layer < run.layers && state.heads.length && state.heads.every((h) => h < run.heads);
    this.picked = !fits;
    if (!fits) {
      const best = run.heads > 1 ? run.ranking[0] : {layer: run.layers - 1, head: 0};
      Object.assign(state, {layer: best.layer, heads: [best.head]});
    }
    this.lacks = run.segments ? missing(state) : [];
    if (run.segments) state.heads.length = 1;
    if (!this.views.includes(state.view)) {
      this.wanted = run.segments ? state.view : null; // for a text that can be shown so
      state.view = run.segments ? 'survey' : 'heatmap';
    }
    for (const name of ['query', 'key']) if (state[name] >= run.tokens.length) state[name] = null;
  }

  // views are those that there are: only a server with a model that continues texts can write.
  get views() {
    const {causal, logits} = this.known.model;
    return views.filter((view) => {
      if (view === 'write') return causal && logits && !this.source.isFile;
      if (view === 'survey') return !this.source.isFile || this.run.segments;
      return view === 'lesson' || !this.run.long;
    });
  }

  fail(error) {
    if (error?.name === 'AbortError') return;
    byId('problem').hidden = !error;
    byId('problem').textContent = error ? error.message : '';
  }

  // --- state ---

  // set changes fields of the state, and what depends on them.
  set(fields) {
    const before = this.state.view;
    if ('text' in fields && this.wanted && before === 'survey') Object.assign(fields, {view: this.wanted});
    Object.assign(this.state, fields);
    const other = 'view' in fields && !this.run?.long && (before === 'survey') !== (fields.view === 'survey');
    const reload = other || runsOn.some((name) => name in fields);
    if ('text' in fields) this.wanted = null;
    if ('theme' in fields) this.theme();
    if ('sort' in fields || 'by' in fields) this.headMap.draw(this.run, this.state);
    this.remember();
    return reload ? this.load() : this.update();
  }

  remember() {
    const address = format(this.state);
    if (location.hash !== address) history.replaceState(null, '', address);
  }

  // follow takes an address that was typed, or a link.
  follow() {
    const before = this.state;
    this.state = parse(location.hash);
    this.theme();
    const same = this.run && runsOn.every((name) =>
      JSON.stringify(before[name]) === JSON.stringify(this.state[name] ?? (name === 'text' ? defaultText : null)));
    const survey = this.state.view === 'survey';
    if (!same || this.source.isFile || (!this.run.long && survey !== Boolean(this.run.segments))) return this.load();
    this.settle();
    this.headMap.draw(this.run, this.state);
    return this.update();
  }

  // stretch is the field of the state that has a survey show the text that it shows and, if there is one, a token.
  stretch(token = null) {
    const {run, state, stage: {survey}} = this;
    if (!run.segments) return {};
    if (state.view !== 'survey') return {at: null};
    return {at: token === null ? survey.from : survey.beside(token)};
  }

  choose(layer, head, add = false) {
    const {state} = this;
    if (add && this.run.segments) return this.fail(new Error('A survey shows one head at a time: it keeps no weights whose mean could be taken.'));
    if (!add || layer !== state.layer) return this.set({layer, heads: [head]});
    const rest = state.heads.filter((h) => h !== head);
    return this.set({heads: rest.length === state.heads.length ? [...rest, head] : rest.length ? rest : [head]});
  }

  // lockUnits locks a unit, or a second one; one that is locked already is let go.
  lockUnits(query, key, add) {
    const token = (u) => (u === null ? null : this.frame.units[u].tokens[0]);
    const {state} = this;
    if (query !== null && key !== null) return this.set({query: token(query), key: token(key)});
    const at = token(query ?? key);
    if (key !== null) return this.set({key: state.key === at ? null : at});
    if (add && state.query !== null) return this.set({key: state.key === at ? null : at});
    return this.set({query: state.query === at && state.key === null ? null : at, key: null});
  }

  // --- drawing ---

  // update loads the maps that are shown, and draws everything.
  async update() {
    if (!this.run) return;
    const {state, run} = this;
    const turn = (this.drawing = (this.drawing ?? 0) + 1);
    try {
      if (run.segments) {
        const figures = await this.source.pooled(run, state.layer, state.heads[0]);
        if (turn !== this.drawing) return;
        if (this.framed !== run) this.frame = frame(run.tokens, {words: false, special: true, causal: run.causal});
        Object.assign(this, {figures, map: null, framed: run});
      } else {
        const layer = await this.source.layer(run, state.layer);
        if (turn !== this.drawing) return;
        this.frame = frame(run.tokens, {words: state.words && run.measure.additive, special: state.special, causal: run.causal});
        Object.assign(this, {figures: null, map: merge(mean(state.heads.map((h) => layer[h])), this.frame), framed: null});
      }
      this.remember();
      this.draw();
      await this.stage.finish(this);
    } catch (error) {
      this.fail(error);
    }
  }

  // drawable reports whether what the view shows is there; it is on its way otherwise.
  get drawable() {
    const {state: {view}, run, map, figures} = this;
    if (view === 'survey') return figures && this.framed === run;
    return map || (figures && textless.includes(view));
  }

  draw() {
    const {state, frame: f} = this;
    if (!this.drawable) return;
    document.body.dataset.view = state.view;
    this.headMap.mark(state);
    if (this.map) this.strip.draw(f.units, f.shown);
    sync(this);
    this.heading();
    this.stage.draw(this);
    this.drawTable();
    this.drawCard();
    this.light();
    document.body.dataset.ready = state.view;
    performance.mark('drawn');
  }

  get name() {
    const {state, run} = this;
    if (run.heads === 1) return `Layer ${state.layer}`;
    return state.heads.length === 1 ? `Layer ${state.layer}, head ${state.heads[0]}` : `Layer ${state.layer}, mean of heads ${state.heads.join(', ')}`;
  }

  // reason says what is shown of the head, or why it is this one.
  get reason() {
    const {run, state} = this;
    if (state.view === 'layers') return run.measure.name === 'weights' ? 'attention rollout' : run.measure.title;
    if (this.picked && run.heads > 1) return 'picked: here content words look at one another most';
    return run.segments ? 'survey of its weights' : run.measure.title;
  }

  heading() {
    const {run, state} = this;
    byId('name').textContent = state.view === 'layers' ? 'Through the layers' : this.name;
    byId('reason').textContent = this.reason;
    byId('sentence').textContent = run.text + (run.pair === null ? '' : ` ‖ ${run.pair}`);
    if (document.activeElement !== byId('text')) byId('text').value = run.text;
    document.title = `${run.text.slice(0, 60)} · rapt`;
    byId('note').textContent = this.shareNote() + this.stage.note;
    byId('summary').textContent = this.spoken();
    byId('note').hidden = state.view === 'lesson';
  }

  // shareNote says what is hidden: numbers are never made to add up without it.
  shareNote() {
    const {run, state, frame: f} = this;
    const share = run.special_share;
    if (run.segments) return `${this.surveyNote()} Over all heads ${percent(share)} of the attention goes to ${this.sinks}. `;
    const all = f.shown.length === f.units.length;
    if (run.measure.name !== 'weights') return all ? '' : `Hidden: ${this.sinks}, ${percent(hidden(this.map, f))} of the rows shown. `;
    if (all) return `Over all heads ${percent(share)} of the attention goes to ${this.sinks}. `;
    const exact = !state.words && state.heads.length === 1 ? run.hidden[state.layer][state.heads[0]] : hidden(this.map, f);
    return `Hidden: ${percent(exact)} of what these rows give goes to ${this.sinks}. Nothing is rescaled. `;
  }

  // surveyNote says what a survey is, and what it doesn't have that was asked for.
  surveyNote() {
    const {run} = this;
    const sizes = run.segments.map(([from, to]) => to - from);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    return `${run.tokens.length} tokens in ${run.segments.length} segments of ${least === most ? most : `${least} or ${most}`}. Statistics are exact; single weights come by the row, and there are no maps of tokens` +
      `${run.long && !this.source.isFile ? ': the text is too long for them' : ''}.${this.lacks.length ? ` Not in a survey, though the address asks for it: ${this.lacks.join(', ')}.` : ''}`;
  }

  // sinks is what is hidden without special tokens.
  get sinks() {
    return this.run.tokens.some((t) => t.special) || !this.run.causal ? 'special tokens' : 'the first token';
  }

  spoken() {
    const {run, map, frame: f} = this;
    const label = (u) => visible(f.units[u].label);
    if (run.segments) {
      const found = this.stage.survey.rowOf(this.state);
      const at = found ? found.weights.reduce((best, w, k) => (w > found.weights[best] ? k : best), 0) : -1;
      return `${this.name} of ${run.model.name}, survey of ${run.tokens.length} tokens.` +
        (at >= 0 ? ` Token ${this.state.query}, ${label(this.state.query)}, looks most at token ${found.keys[at]}, ${label(found.keys[at])}, ${this.shown(found.weights[at])}.` : '');
    }
    const [best] = strongest(map, f, 1, {special: false});
    return `${this.name} of ${run.model.name}, ${run.measure.title}, ${run.tokens.length} tokens.` +
      (best ? ` Strongest: ${label(best.i)} looks at ${label(best.j)}, ${this.shown(best.v)}.` : '');
  }

  // shown writes a number with digits that are known.
  shown(x) {
    return show(x, this.state.words || this.state.heads.length > 1 ? {kind: 'fixed', decimals: this.code ? 3 : 4} : this.code);
  }

  // exact writes it with more, where the server has sent it in full.
  exact(x) {
    return this.code ? this.shown(x) : fixed(x, 6);
  }

  drawTable() {
    if (!byId('tables').open) return;
    if (this.figures) {
      byId('table').replaceChildren(...this.stage.survey.tables());
      return;
    }
    byId('table').replaceChildren(table(this.map, this.frame, this.unit(this.state.query) ?? this.frame.shown[0], (x) => this.shown(x), this.name));
  }

  async drawCard() {
    const {run, state, frame: f} = this;
    const head = state.heads[0];
    if (state.view === 'lesson') return;
    const edges = run.segments ? run.pairs.map((p) => ({i: p.query, j: p.key, v: p.weight, at: [p.layer, p.head]})) : strongest(this.map, f, 5, {special: false});
    const choose = (i, j, at) => (at ? this.set({layer: at[0], heads: [at[1]], query: i, key: j, at: null}) : this.lockUnits(i, j));
    const list = pairs(edges, f.units, (x) => this.shown(x), choose);
    const turn = (this.cardTurn = (this.cardTurn ?? 0) + 1);
    const alike = el('div', {});
    const found = el('div', {});
    const card = [el('h2', {}, this.name), found];
    if (run.heads > 1 && state.heads.length === 1) card.push(...facts(run, state.layer, head));
    card.push(...list);
    if (run.heads > 1 && state.heads.length === 1) card.push(alike);
    card.push(edits(this));
    byId('card').replaceChildren(...card);
    try {
      await Promise.all([this.drawRanking(found), this.drawSimilar(alike, turn)]);
    } catch (error) {
      this.fail(error);
    }
  }

  async drawRanking(host) {
    const {state: {query, key, words}, run, frame: {units, of}} = this;
    if (query === null || key === null) return;
    const tokensOf = (i) => (words ? units[of[i]].tokens : [i]);
    const list = await this.source.find(run, tokensOf(query), tokensOf(key));
    if (list === null) {
      host.replaceChildren(el('p', {class: 'faint'}, 'Ranking heads by an edge takes a row of each: rapt serve has them, the file of a survey doesn’t.'));
      return;
    }
    host.replaceChildren(...ranking(list, units[of[query]].label, units[of[key]].label,
      {show: (x) => show(x, this.code), choose: (l, h) => this.choose(l, h)}));
  }

  async drawSimilar(host, turn) {
    const {run, state} = this;
    if (run.heads === 1 || state.heads.length !== 1 || run.segments) return;
    const list = await this.source.similar(run, state.layer, state.heads[0]);
    if (turn === this.cardTurn) host.replaceChildren(...similar(list, (l, h) => this.choose(l, h)));
  }

  // --- pointing ---

  unit(token) {
    return token === null ? null : this.frame.of[token];
  }

  hover(query, key, both = false) {
    this.hovered = {query, key, both};
    this.light();
  }

  // light shows what is pointed at or, if nothing is, what is locked.
  light() {
    const {hovered, state, map, frame: f} = this;
    if (!map) return;
    const free = hovered.query === null && hovered.key === null;
    const query = free ? this.unit(state.query) : hovered.query;
    const key = free ? this.unit(state.key) : hovered.key;
    const n = f.units.length;
    const focus = query ?? key;
    const row = focus === null ? null : map.subarray(focus * n, focus * n + n);
    const column = focus === null ? null : f.units.map((_, i) => map[i * n + focus]);
    this.strip.light(row, column, focus);
    this.stage.mark(query, hovered.both && key === null ? query : key, row, column);
    this.strip.lock(this.unit(state.query), this.unit(state.key));
    byId('readout').replaceChildren(...readout(this, query, key));
  }

  // --- controls ---

  find(text) {
    return find(this, text);
  }

  theme() {
    document.documentElement.dataset.theme = this.state.theme;
    byId('theme').textContent = {auto: 'Theme: auto', light: 'Theme: light', dark: 'Theme: dark'}[this.state.theme];
    document.querySelector('meta[name=color-scheme]').content = this.state.theme === 'auto' ? 'light dark' : this.state.theme;
    if (this.frame) this.draw();
  }

  resized() {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      this.draw();
      this.stage.finish(this);
    }, 100);
  }
}

window.rapt = new App();
window.rapt.start();
