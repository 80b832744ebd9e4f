// The picture in the middle: one of the views.

import {el, byId} from './dom.js';
import {edges, top, rollout, mean, sees, nameOf} from './maps.js';
import {farthest, fixed, percent} from './numbers.js';
import {Grid, colorBar} from './grid.js';
import {Arcs} from './arcs.js';
import {Prose} from './prose.js';
import {Survey} from './survey.js';
import {Lesson} from './lesson.js';
import {Inside} from './inside.js';
import {Write} from './write.js';

// hiddenNote says how much of a row isn't among what is shown of it; sinks is what is hidden.
function hiddenNote(row, shown, sinks) {
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const [all, seen] = [sum(row), sum(shown)];
  return all > 0 && all - seen > 1e-6 * all ? ` Hidden: ${percent(1 - seen / all)} of the last layer’s row goes to ${sinks}.` : '';
}

export class Stage {
  // pointing has hover(query, key), leave(), lock(query, key, add) and change(fields); queries and keys are units.
  constructor(host, pointing) {
    this.host = host;
    this.pointing = pointing;
    this.note = '';
    const {leave} = pointing;
    const cell = (handler) => (i, j, event) => handler(this.shown[i], this.shown[j], event);
    this.heatmap = new Grid({
      name: 'heatmap of the head', leave,
      hover: cell((i, j) => pointing.hover(i, j)),
      click: cell((i, j) => pointing.lock(i, j)),
    });
    this.arcs = new Arcs({leave, hover: pointing.hover, click: (i, j, event) => pointing.lock(i, j, event.shiftKey)});
    this.prose = new Prose({leave, hover: (u) => pointing.hover(u, null), click: (u, event) => pointing.lock(u, null, event.shiftKey)});
    this.layers = new Grid({name: 'attention rollout, a row for each layer', leave, hover: (l, j) => this.pointLayer(l, j)});
    this.difference = new Grid({name: 'difference between two texts', leave, hover: (i, j) => this.pointDifference(i, j)});
    this.lesson = new Lesson(pointing.change);
    this.inside = new Inside();
    this.write = new Write(pointing.change);
    this.survey = new Survey(pointing.change);
    this.title = el('h2', {class: 'model'}, 'From three words to a model');
    this.bridge = el('p', {class: 'bridge'});
  }

  get width() {
    return Math.max(220, this.host.clientWidth);
  }

  // draw shows the view; what has to be loaded first comes with finish.
  draw(app) {
    const {state, frame} = app;
    this.shown = frame.shown;
    this.view = state.view;
    this.comparing = state.compare !== null && state.view === 'heatmap' && !app.source.isFile;
    this.note = '';
    const key = byId('key');
    key.hidden = !['heatmap', 'layers', 'survey'].includes(state.view);
    byId('massLabel').hidden = state.view !== 'arcs';
    this[`draw_${state.view}`](app);
  }

  put(...elements) {
    const {children} = this.host;
    if (children.length !== elements.length || elements.some((e, i) => e !== children[i])) this.host.replaceChildren(...elements);
  }

  draw_heatmap(app) {
    if (this.comparing) return;
    this.put(this.heatmap.element);
    const {map, frame, state} = app;
    const n = frame.units.length;
    const values = new Float32Array(this.shown.length ** 2);
    this.shown.forEach((i, r) => this.shown.forEach((j, c) => {
      values[r * this.shown.length + c] = map[i * n + j];
    }));
    const units = this.shown.map((u) => ({label: frame.units[u].label, faint: frame.units[u].special}));
    const most = top(map, frame);
    const isShare = app.run.measure.unit === 'share';
    this.heatmap.draw({
      rows: units, columns: units, values, top: most, log: state.log, width: this.width, height: Math.max(360, window.innerHeight * 0.78),
      sees: (r, c) => sees(frame, this.shown[r], this.shown[c]),
      digits: this.shown.length <= 24 ? (x) => (isShare ? String(Math.round(100 * x)) : fixed(x, 1)) : null,
    });
    this.colorKey(app, most, isShare && this.heatmap.cell >= 24 && this.shown.length <= 24);
  }

  colorKey(app, most, digits, meaning = 'rows look (from, query), columns are looked at (to, key)') {
    const bar = el('span', {class: 'colors'});
    bar.style.backgroundImage = colorBar();
    byId('key').replaceChildren(
      el('span', {}, app.state.log ? app.shown(most / 1000) : '0'), bar, el('span', {}, app.shown(most)),
      el('span', {class: 'faint'}, `${meaning}${digits ? '; cells in %' : ''}`));
  }

  draw_arcs(app) {
    this.put(this.arcs.element);
    const {map, frame, state} = app;
    const found = edges(map, frame, state.mass);
    const drawn = this.arcs.draw({units: frame.units, shown: this.shown, edges: found.list, width: this.width});
    this.note = `Showing ${found.list.length} of ${found.total} edges, ${percent(found.mass, 0)} of the mass shown: of each row the ` +
      `strongest that make ${percent(state.mass, 0)}.` + (drawn < found.list.length ? ` Only the strongest ${drawn} are drawn as long as no token is pointed at.` : '');
    byId('note').textContent = app.shareNote() + this.note;
  }

  draw_text(app) {
    this.put(this.prose.element);
    this.prose.draw(app.frame.units, this.shown, app.run.tokens);
    const n = app.frame.units.length;
    this.received = app.frame.units.map((_, j) => {
      const rows = this.shown.filter((i) => sees(app.frame, i, j));
      return rows.reduce((sum, i) => sum + app.map[i * n + j], 0) / rows.length;
    });
    this.note = `Without a token pointed at: how much each is looked at on average${app.run.causal ? ' by those that see it' : ''}.`;
    byId('note').textContent = app.shareNote() + this.note;
  }

  draw_layers() {
    this.put(this.layers.element);
  }

  draw_lesson(app) {
    this.put(this.lesson.element, ...(app.run.segments ? [] : [this.title, this.bridge, this.inside.element]));
    this.lesson.show(app.state);
    if (app.run.segments) return; // a head is shown from the inside of a text that is short
    const {model} = app.run;
    this.bridge.textContent = `${model.name} does the same. A word, or a piece of one, has ${model.model_dim} numbers instead of 3; W_q, W_k and W_v ` +
      `are ${model.model_dim} × ${model.head_dim}; ${model.heads} heads work side by side in each of ${model.layers} layers, and what they put out is added to the word ` +
      `before the next layer takes it. Below is ${app.name.toLowerCase()} on “${app.run.text.slice(0, 80)}”, with its own numbers; ← → ↑ ↓ go to other heads.`;
  }

  draw_write(app) {
    this.put(this.write.element);
    this.write.show(app);
  }

  draw_survey(app) {
    this.put(this.survey.element);
    this.survey.show(app, this.width);
  }

  draw_inside() {
    this.put(this.inside.element);
  }

  // finish draws what needs more than one layer's maps.
  async finish(app) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const current = () => turn === this.turn;
    if (this.comparing) await this.compare(app, current);
    if (this.view === 'layers') await this.drawRollout(app, current);
    if (this.view === 'survey') await this.survey.finish(app, current);
    if ((this.view === 'inside' || this.view === 'lesson') && !app.run.segments) await this.drawInside(app, current);
  }

  async drawInside(app, current) {
    const {run, state, source} = app;
    if (run.heads === 1) {
      this.inside.show(null);
      return;
    }
    const head = await source.inside(run, state.layer, state.heads[0]);
    if (current()) this.inside.show(head, run, `Layer ${state.layer}, head ${state.heads[0]}`, this.width);
  }

  // drawRollout follows the attention of one token down through the layers: the locked one, or the first content word.
  async drawRollout(app, current) {
    const {run, state, source, frame} = app;
    const token = state.query ?? Math.max(0, run.tokens.findIndex((t) => t.kind === 'content'));
    const means = [];
    for (let l = 0; l < run.layers; l++) {
      means.push(mean(await source.layer(run, l)));
      if (!current()) return;
    }
    const n = run.tokens.length;
    const isRollout = run.measure.name === 'weights';
    const rolled = (isRollout ? rollout(means, n, token) : means.map((m) => m.subarray(token * n, token * n + n))).reverse();
    this.rolled = rolled.map((row) => this.shown.map((u) => frame.units[u].tokens.reduce((sum, i) => sum + row[i], 0)));
    const values = Float32Array.from(this.rolled.flat());
    const isShare = run.measure.unit === 'share';
    const most = farthest(values);
    this.rolledFrom = nameOf(run.tokens[token]);
    this.labels = this.shown.map((u) => frame.units[u].label);
    this.layers.draw({
      rows: rolled.map((_, at) => ({label: `layer ${run.layers - 1 - at}`})),
      columns: this.shown.map((u) => ({label: frame.units[u].label, faint: frame.units[u].special})),
      values, top: most, log: state.log, width: this.width, maxCell: 44, digits: this.shown.length <= 24 ? (x) => (isShare ? String(Math.round(100 * x)) : fixed(x, 1)) : null,
    });
    this.colorKey(app, most, isShare && this.shown.length <= 24, 'a row for each layer, a column for each input token');
    this.note = !isRollout ? `From ${this.rolledFrom}: ${run.measure.title}, a row for each layer${run.heads > 1 ? ', the mean of its heads' : ''}. Lock another token to follow that one.`
      : `Rollout from ${this.rolledFrom}: how much of it, as it leaves each layer, comes from each input token, if every layer passes on half of ` +
      'what came in and half of the mean of its heads. Lock another token to follow that one.';
    byId('note').textContent = this.note + hiddenNote(rolled[0], this.rolled[0], app.sinks);
  }

  pointLayer(l, j) {
    const layer = this.rolled.length - 1 - l;
    byId('readout').textContent = `${this.rolledFrom}, layer ${layer}: ${fixed(this.rolled[l][j], 4)} from ${this.labels[j]}`;
    this.layers.mark(l, j);
  }

  // compare shows how much more this head gives over the other text.
  async compare(app, current) {
    const {run, state, source} = app;
    const c = await source.compare(run, state.compare, state.layer, state.heads[0]);
    if (!current()) return;
    this.put(this.difference.element);
    this.compared = c;
    const values = Float32Array.from(c.difference.flat());
    const most = Math.max(1e-9, farthest(values));
    const units = c.a.map((i) => ({label: nameOf(c.tokens_a[i]), faint: c.tokens_a[i].special}));
    this.difference.draw({
      rows: units, columns: units, values, top: most, isSigned: true, sees: (r, c) => sees(app.frame, r, c), width: this.width, height: Math.max(360, window.innerHeight * 0.78),
      digits: units.length <= 24 ? (x) => fixed(100 * x, 0) : null,
    });
    const bar = el('span', {class: 'colors'});
    bar.style.backgroundImage = colorBar(true);
    byId('key').replaceChildren(el('span', {}, fixed(-most, 3)), bar, el('span', {}, '+' + fixed(most, 3)),
      el('span', {class: 'faint'}, 'the other text minus this one, over the tokens in common'));
    byId('note').textContent = `Compared with “${state.compare}”. Of what the rows in common give, ${percent(c.unmatched_a)} here and ` +
      `${percent(c.unmatched_b)} there goes to tokens that the other text doesn’t have.`;
  }

  pointDifference(i, j) {
    const {a, tokens_a: tokens, difference} = this.compared;
    byId('readout').textContent = `${nameOf(tokens[a[i]])} → ${nameOf(tokens[a[j]])}: ${difference[i][j] > 0 ? '+' : ''}${fixed(difference[i][j], 6)}`;
    this.difference.mark(i, j);
  }

  // mark shows a query and a key in the view; row and column are the numbers of the one that is pointed at.
  mark(query, key, row, column) {
    const at = (u) => (u === null ? null : this.shown.indexOf(u));
    const place = (u) => (at(u) === -1 ? null : at(u));
    if (this.view === 'heatmap' && !this.comparing) this.heatmap.mark(place(query), place(key));
    if (this.view === 'arcs') this.arcs.mark(query, key);
    if (this.view === 'text') this.prose.light(row ?? this.received, column, query ?? key);
  }
}
