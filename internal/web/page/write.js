// The model writes on: its tokens as they come and, of each, what the model looked at to write it.

import {el, visible} from './dom.js';
import {nameOf} from './maps.js';
import {fixed} from './numbers.js';

const ends = {eos: 'The model ended the text.', length: '', context: 'The model takes no more tokens.', stop: ''};

export class Write {
  // change(fields) is called with the fields of the state that the reader has changed.
  constructor(change) {
    this.change = change;
    this.tokens = el('input', {id: 'writeTokens', type: 'number', min: '1', max: '256', value: '40'});
    this.temperature = el('input', {id: 'writeTemperature', type: 'number', min: '0', max: '2', step: '0.1', value: '0'});
    this.button = el('button', {type: 'button', id: 'write', onclick: () => this.toggle()}, 'Write on');
    this.whole = el('button', {type: 'button', id: 'writeWhole', hidden: true, onclick: () => this.change({text: this.text(), view: 'heatmap', layer: null, heads: [], query: null, key: null})},
      'Look at the whole text');
    this.page = el('div', {class: 'prose', id: 'written', tabindex: '0', 'aria-label': 'the text and what the model writes'});
    this.looks = el('p', {id: 'writeLooks', 'aria-live': 'polite'});
    this.element = el('div', {class: 'write'},
      el('div', {class: 'buttons'}, el('label', {}, 'Tokens ', this.tokens), el('label', {}, 'Temperature ', this.temperature), this.button, this.whole),
      this.looks, this.page);
    this.page.addEventListener('pointerover', (event) => this.point(event.target.closest('[data-at]')?.dataset.at));
  }

  // show begins with the text of a run; what was written after another one is let go.
  show(app) {
    this.app = app;
    if (this.run !== app.run) {
      this.stop();
      this.run = app.run;
      this.list = app.run.tokens.map((t) => ({label: nameOf(t), text: t.special ? '' : t.source, look: null}));
      this.spans = [];
      this.at = null;
      this.page.replaceChildren(el('span', {class: 'given'}, app.run.text));
      this.whole.hidden = true;
      const isWhole = app.run.off.length + app.run.cuts.length === 0;
      this.button.disabled = !isWhole;
      this.say(isWhole ? '' : 'What is switched off here isn’t off when the model writes: switch it on again first.');
    }
    this.light();
  }

  text() {
    return this.run.text + this.list.slice(this.run.tokens.length).map((t) => t.text).join('');
  }

  toggle() {
    if (this.writing) this.stop();
    else this.write();
  }

  stop() {
    this.writing?.abort();
    this.writing = null;
    this.button.textContent = 'Write on';
  }

  // write asks for more, from the beginning of the text if it was written on already.
  async write() {
    this.run = null;
    this.show(this.app);
    const {run} = this;
    const writing = (this.writing = new AbortController());
    this.button.textContent = 'Stop';
    try {
      const options = {tokens: Number(this.tokens.value), temperature: Number(this.temperature.value), seed: Math.floor(Math.random() * 2 ** 32)};
      for await (const line of this.app.source.generate(run, options, writing.signal)) {
        if (this.writing !== writing) return;
        this.take(line);
      }
    } catch (error) {
      if (this.writing === writing) this.app.fail(error);
    } finally {
      if (this.writing === writing) this.stop();
    }
  }

  // take puts a line of the server's on the page.
  take(line) {
    if (line.error) throw new Error(line.error);
    if (line.prompt) {
      this.list = line.prompt.map((t) => ({label: t.label, text: '', look: null}));
      this.page.replaceChildren(...line.prompt.map((t, i) => this.span(t.source === t.text ? '' : t.source, i, 'given')));
      return;
    }
    this.list.push({label: line.label, text: line.adds, look: line.look});
    this.page.append(this.span(line.adds, this.list.length - 1, 'new'));
    this.whole.hidden = false;
    if (line.end) this.say(ends[line.end] ?? '');
    this.point(this.list.length - 1);
  }

  span(text, at, kind) {
    const span = el('span', {class: kind, 'data-at': at}, text);
    this.spans[at] = span;
    return span;
  }

  say(text) {
    this.looks.replaceChildren(text || 'Point at a word that the model has written to see what it looked at.');
  }

  point(at) {
    if (at === undefined || !this.list[at]?.look) return;
    this.at = Number(at);
    this.light();
  }

  // light shows what the head at hand looked at to write the token that is pointed at.
  light() {
    const look = this.list[this.at]?.look;
    for (const span of this.spans) span?.classList.remove('here');
    for (const span of this.spans) span?.style.setProperty('--goes', '0%');
    if (!look) return;
    const {layer, heads: [head]} = this.app.state;
    const {keys, weights} = look.heads[layer][head];
    this.spans[this.at].classList.add('here');
    keys.forEach((key, k) => this.spans[key]?.style.setProperty('--goes', `${(72 * weights[k] / weights[0]).toFixed(1)}%`));
    this.looks.replaceChildren('To write ', el('b', {}, visible(this.list[this.at].label)), `, layer ${layer} head ${head} of `,
      el('b', {}, visible(this.list[look.query].label)), ' looked at ',
      ...keys.flatMap((key, k) => [k ? ', ' : '', el('b', {class: 'goes'}, visible(this.list[key].label)), ` ${fixed(weights[k], 4)}`]), '.');
  }
}
