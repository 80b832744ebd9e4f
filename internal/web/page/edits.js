// Switching heads off and cutting edges: what is off, and what that changes. Only a server can run the model again.

import {effect} from './card.js';
import {el, visible} from './dom.js';
import {nameOf, sees} from './maps.js';

// edits is the part of the card about it.
export function edits(app) {
  const {state, run, source} = app;
  const heading = el('h3', {}, 'Switch it off');
  const found = [heading];
  const off = whatIsOff(run);
  if (off) found.push(el('p', {}, `Off: ${off}. All maps here are of the run without.`));
  if (source.isFile) return el('div', {}, found, el('p', {class: 'faint'}, 'Only rapt serve can run the model again; this is a file.'));
  const buttons = [];
  const button = (id, label, pressed, onclick) => buttons.push(el('button', {type: 'button', id, 'aria-pressed': String(pressed), onclick}, label));
  if (run.heads > 1 && state.heads.length === 1) {
    const isOff = state.off.some(([l, h]) => l === state.layer && h === state.heads[0]);
    button('off', isOff ? 'Head is off' : 'Head off', isOff, () => toggleHead(app));
  }
  const edge = edgeOf(app);
  if (edge.length) {
    const isCut = edge.every(([q, k]) => includes(state.cuts, q, k));
    const label = `${visible(nameOf(run.tokens[state.query]))} → ${visible(nameOf(run.tokens[state.key]))}`;
    button('cut', isCut ? `${label} is cut` : `Cut ${label}`, isCut, () => toggleEdge(app));
  } else {
    found.push(el('p', {class: 'faint'}, 'With two tokens locked, their edge can be cut in every head.'));
  }
  const result = el('div', {'aria-live': 'polite'});
  if (off) source.switch(run, predictedAt(app)).then((e) => result.append(...effect(e, run)), (error) => app.fail(error));
  return el('div', {}, found, el('div', {class: 'buttons'}, buttons), result);
}

// whatIsOff says it in words, or is ''.
function whatIsOff(run) {
  const heads = run.off.map(([l, h]) => `L${l} H${h}`);
  const cuts = run.cuts.map(([q, k]) => `${visible(nameOf(run.tokens[q]))} → ${visible(nameOf(run.tokens[k]))} in every head`);
  return [...heads, ...cuts].join(', ');
}

// predictedAt is the token at which predictions are compared: the one that is locked, else the mask or, in a model that
// continues texts, the last one.
function predictedAt({state, run}) {
  if (state.query !== null) return state.query;
  if (run.model.causal) return run.tokens.length - 1;
  const mask = run.tokens.findIndex((t) => ['[MASK]', '<mask>'].includes(t.text));
  return mask < 0 ? null : mask;
}

// edgeOf is the edge between the two locked units, as pairs of tokens.
function edgeOf({state, frame}) {
  if (state.query === null || state.key === null || !frame) return [];
  const [from, to] = [frame.of[state.query], frame.of[state.key]];
  if (!sees(frame, from, to)) return [];
  return frame.units[from].tokens.flatMap((q) => frame.units[to].tokens.map((k) => [q, k]));
}

function includes(list, a, b) {
  return list.some(([x, y]) => x === a && y === b);
}

export function toggleHead(app) {
  const {state, source, run} = app;
  if (source.isFile || run.heads === 1) return;
  const others = state.off.filter(([l, h]) => l !== state.layer || h !== state.heads[0]);
  app.set({off: others.length < state.off.length ? others : [...others, [state.layer, state.heads[0]]]});
}

export function toggleEdge(app) {
  const {state, source} = app;
  const edge = edgeOf(app);
  if (source.isFile || !edge.length) return;
  const others = state.cuts.filter(([q, k]) => !includes(edge, q, k));
  app.set({cuts: others.length < state.cuts.length ? others : [...others, ...edge]});
}
