// The keyboard.

import {byId, el} from './dom.js';
import {toggleEdge, toggleHead} from './edits.js';
import {offer} from './saving.js';

const keys = [
  [['ArrowLeft', 'ArrowRight'], '← →', 'head', (app, key) => step(app, 0, key === 'ArrowRight' ? 1 : -1)],
  [['ArrowUp', 'ArrowDown'], '↑ ↓', 'layer', (app, key) => step(app, key === 'ArrowDown' ? 1 : -1, 0)],
  [['[', ']'], '[ ]', 'token that looks', (app, key) => token(app, 'query', key === ']' ? 1 : -1)],
  [['{', '}'], '{ }', 'token that is looked at', (app, key) => token(app, 'key', key === '}' ? 1 : -1)],
  [['Enter'], 'Enter', 'lock the token pointed at', (app) => lock(app)],
  [['Escape'], 'Esc', 'let go', (app) => app.set({query: null, key: null, find: null, compare: null, ...app.stretch()})],
  [['v'], 'v', 'next view', (app) => app.set({view: next(app.views, app.state.view)})],
  [['m'], 'm', 'next measure', (app) => app.set({measure: next(app.known.measures.map((m) => m.name), app.state.measure)})],
  [['s'], 's', 'special tokens', (app) => app.set({special: !app.state.special})],
  [['w'], 'w', 'whole words', (app) => app.set({words: !app.state.words})],
  [['l'], 'l', 'logarithmic colours', (app) => app.set({log: !app.state.log})],
  [['o'], 'o', 'head off', (app) => toggleHead(app)],
  [['x'], 'x', 'cut the edge between the locked tokens', (app) => toggleEdge(app)],
  [['c'], 'c', 'compare', () => byId('compare').focus()],
  [['/'], '/', 'edit the text', () => byId('text').select()],
  [['f'], 'f', 'find', () => byId('find').select()],
  [['e'], 'e', 'export', (app) => offer(app)],
  [['?'], '?', 'this list', () => byId('keys').showModal()],
];

// needsWeights are the keys that mean nothing in a survey.
const needsWeights = {m: 'other measures', s: 'map without special tokens', w: 'map of whole words', c: 'difference to another text'};

export function listen(app) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !app.run) return;
    const typing = event.target.matches('input:not([type=checkbox]), select, textarea') || event.target.closest('dialog[open]');
    if (typing) {
      if (event.key === 'Escape' && !event.target.closest('dialog[open]')) giveUp(app, event.target);
      return;
    }
    if (event.key === 'Enter' && event.target.matches('button, a, summary')) return;
    const known = keys.find(([names]) => names.includes(event.key));
    if (!known || event.target.matches('[role=region]')) return;
    event.preventDefault();
    if (app.run.segments && event.key in needsWeights) app.fail(new Error(`A survey keeps no weights: it has no ${needsWeights[event.key]}.`));
    else known[3](app, event.key);
  });
}

export function listKeys(host) {
  host.replaceChildren(...keys.map(([, shown, does]) =>
    el('tr', {}, el('th', {scope: 'row'}, ...shown.split(' ').flatMap((k) => [el('kbd', {}, k), ' '])), el('td', {}, does))));
}

function next(list, x) {
  return list[(list.indexOf(x) + 1) % list.length];
}

// step goes to the head beside, above or below; at the edge to the other side.
function step(app, layers, heads) {
  const {run, state} = app;
  const layer = (state.layer + layers + run.layers) % run.layers;
  const head = (state.heads[0] + heads + run.heads) % run.heads;
  app.choose(layer, head);
}

// token locks the token before or after the one that is locked.
function token(app, name, by) {
  const {shown, units} = app.frame;
  const at = app.state[name] === null ? (by > 0 ? -1 : shown.length) : shown.indexOf(app.unit(app.state[name]));
  const unit = shown[(at + by + shown.length) % shown.length];
  const fields = {[name]: units[unit].tokens[0], ...app.stretch(units[unit].tokens[0])};
  if (name === 'key' && app.state.query === null) fields.query = units[shown[0]].tokens[0];
  app.set(fields);
}

function lock(app) {
  const {query, key} = app.hovered;
  if (query !== null || key !== null) app.lockUnits(query, key);
}

// giveUp leaves a field as it was before something was typed.
function giveUp(app, field) {
  const before = {text: app.run.text, find: app.state.find, compare: app.state.compare}[field.id];
  if (before !== undefined) field.value = before ?? '';
  field.blur();
}
