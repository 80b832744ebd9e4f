// The controls above the picture and beside the head map.

import {views} from './address.js';
import {byId, el} from './dom.js';
import {measuresOf} from './headmap.js';
import {listKeys} from './keys.js';
import {frame, nameOf} from './maps.js';
import {percent} from './numbers.js';
import {offer} from './saving.js';

const viewNames = {lesson: 'Lesson', heatmap: 'Heatmap', arcs: 'Arcs', text: 'Text', layers: 'Layers', inside: 'Inside', survey: 'Survey', write: 'Write'};

// connect has the controls change the state.
export function connect(app) {
  byId('views').replaceChildren(...views.map((view) =>
    el('button', {type: 'button', 'data-view': view, onclick: () => app.set({view})}, viewNames[view])));
  byId('ask').addEventListener('submit', (event) => {
    event.preventDefault();
    byId('text').blur();
    app.set({text: byId('text').value, pair: null, cuts: [], query: null, key: null, layer: null, heads: [], compare: null, at: null});
  });
  for (const id of ['special', 'words', 'log']) byId(id).addEventListener('change', () => app.set({[id]: byId(id).checked}));
  // A text that is typed is one line, as a rule; one that is pasted has as many as it likes.
  byId('text').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId('ask').requestSubmit();
  });
  for (const id of ['measure', 'sort', 'by']) byId(id).addEventListener('change', () => app.set({[id]: byId(id).value}));
  byId('mass').addEventListener('input', () => app.set({mass: Number(byId('mass').value)}));
  byId('find').addEventListener('change', () => find(app, byId('find').value));
  byId('compare').addEventListener('change', () => app.set({compare: byId('compare').value || null, view: 'heatmap'}));
  byId('theme').addEventListener('click', () => app.set({theme: {auto: 'light', light: 'dark', dark: 'auto'}[app.state.theme]}));
  byId('export').addEventListener('click', () => offer(app));
  byId('help').addEventListener('click', () => byId('keys').showModal());
  byId('tables').addEventListener('toggle', () => app.frame && app.drawTable());
  listKeys(byId('keyList'));
}

// sync shows in them what the state is.
export function sync(app) {
  const {state, run} = app;
  for (const button of byId('views').children) {
    const current = button.dataset.view === state.view;
    const arrived = current && button.getAttribute('aria-current') !== 'true';
    button.setAttribute('aria-current', String(current));
    const offered = app.views.includes(button.dataset.view);
    button.hidden = !offered && (button.dataset.view === 'write' || button.dataset.view === 'survey');
    button.disabled = !offered;
    button.title = offered ? '' : app.source.isFile ? 'needs all weights, and the file of a survey has none' : 'needs all weights, and this text is too long for them';
    if (arrived) reveal(button);
  }
  byId('sinks').textContent = app.sinks === 'special tokens' ? 'Special tokens' : 'First token';
  const isSurvey = Boolean(run.segments);
  byId('special').checked = state.special || isSurvey;
  byId('words').checked = state.words && !isSurvey;
  byId('log').checked = state.log;
  byId('words').disabled = isSurvey || !run.measure.additive;
  for (const id of ['measure', 'special', 'compare']) byId(id).disabled = isSurvey;
  for (const id of ['measure', 'special', 'words', 'compare']) {
    byId(id).closest('label').classList.toggle('unavailable', byId(id).disabled);
    byId(id).closest('label').title = isSurvey ? 'needs all weights, and a survey keeps none' : '';
  }
  byId('sort').querySelector('[value=relation]').disabled = isSurvey;
  byId('sortLabel').hidden = byId('byLabel').hidden = run.heads === 1;
  byId('mapName').textContent = run.heads === 1 ? 'Layers' : 'Heads';
  for (const id of ['measure', 'sort']) byId(id).value = state[id];
  const measures = measuresOf(run);
  if (byId('by').options.length !== 1 + measures.length) {
    byId('by').replaceChildren(el('option', {value: 'map'}, 'maps'), ...measures.map(([name, title, plain]) => el('option', {value: name}, title + (plain ? '' : ', %'))));
  }
  byId('by').value = measures.some(([name]) => name === state.by) ? state.by : 'map';
  byId('mass').value = state.mass;
  byId('massShown').textContent = percent(state.mass, 0);
  byId('find').value = state.find ?? '';
  byId('compare').value = state.compare ?? '';
  byId('roles').replaceChildren(...roleFilters(app));
}

function roleFilters(app) {
  const {run, state} = app;
  if (run.heads === 1) return [];
  const counts = new Map();
  for (const line of run.letters) for (const letter of line) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return run.legend.filter(([letter]) => counts.has(letter)).map(([letter, name, rule]) =>
    el('button', {
      type: 'button', title: rule, 'aria-pressed': String(state.filter.includes(letter)),
      onclick: () => app.set({filter: state.filter.includes(letter) ? state.filter.replace(letter, '') : state.filter + letter}),
    }, el('b', {}, letter), ` ${name} `, el('span', {class: 'faint'}, String(counts.get(letter)))));
}

// find locks a word, or the two of a:b; the#2 is the second "the".
export function find(app, text) {
  if (text === '') return app.set({find: null});
  const [a, b] = text.split(/:(?=.)/);
  const [query, key] = [placeOf(app.run, a), b === undefined ? null : placeOf(app.run, b)];
  if (query === undefined || key === undefined) {
    app.fail(new Error(`There is no “${query === undefined ? a : b}” in the text.`));
    return undefined;
  }
  app.fail(null);
  return app.set({find: text, query, key, ...(app.run.segments ? {at: null} : {})});
}

// reveal scrolls the bar that a button is in, where it is too narrow for all of them, so that the button is there whole.
function reveal(button) {
  const [{left, right}, bar] = [button.getBoundingClientRect(), button.parentElement.getBoundingClientRect()];
  button.parentElement.scrollLeft += Math.max(0, right - bar.right) + Math.min(0, left - bar.left);
}

// placeOf is the first token of a word or, if there is no such word, of a piece of one; undefined if there is neither.
function placeOf({tokens}, name) {
  const [, wanted, number] = /^(.*?)(?:#(\d+))?$/.exec(name.trim().toLowerCase());
  const nth = Number(number ?? 1) - 1;
  const words = frame(tokens, {words: true, special: true}).units.filter((u) => u.label.toLowerCase() === wanted);
  if (words.length) return words[nth]?.tokens[0];
  const isCalled = (t) => [t.source.trim(), t.text, nameOf(t).replace(/^␣/, '')].some((called) => called.toLowerCase() === wanted);
  return tokens.map((t, i) => (isCalled(t) ? i : -1)).filter((i) => i >= 0)[nth];
}
