// The head card: what the head at hand does, in numbers.

import {barOf} from './headmap.js';
import {el, visible} from './dom.js';
import {nameOf} from './maps.js';
import {fixed, percent} from './numbers.js';

const shares = [
  ['special', 'special tokens'], ['previous', 'previous token'], ['next', 'next token'], ['self', 'itself'],
  ['punctuation', 'punctuation'], ['same_token', 'same token elsewhere'], ['first', 'first token'],
  ['induction', 'after an earlier copy'],
];

// facts are the measures of a head.
export function facts(run, layer, head) {
  const r = run.roles[layer][head];
  const letter = [...run.letters[layer]][head];
  const [, name, rule] = run.legend.find(([x]) => x === letter);
  return [
    el('p', {class: 'role'}, el('b', {class: 'letter'}, letter), ` ${name} `, el('span', {class: 'faint'}, `(${rule})`)),
    el('dl', {class: 'facts'},
      fact('entropy', `${fixed(r.entropy, 2)} nats`, `${percent(r.evenness, 0)} of an even spread`),
      fact('distance', `${fixed(r.distance, 2)} tokens`, 'mean |query − key|'),
      fact('confidence', fixed(r.confidence, 2), 'mean of each row’s largest'),
      run.segments ? fact('largest', percent(r.largest), 'of all attention, to one token')
        : fact('relation', `${fixed(r.relation, 2)} bits`, `how much rows differ; salience ${fixed(r.salience, 2)}`)),
    el('h3', {}, 'Where its attention goes'),
    el('table', {class: 'shares'}, el('tbody', {}, shares.map(([key, label]) =>
      el('tr', {}, el('th', {scope: 'row'}, label), el('td', {class: 'bar'}, barOf(r[key])), el('td', {class: 'number'}, percent(r[key])))))),
    el('p', {class: 'faint'}, 'Shares of what ordinary tokens give; they overlap and don’t sum to 100 %.' +
      (run.segments ? ' Those of the previous token, the next and itself count rows of special tokens too; same token and earlier copy are of up to 32 rows.' : '')),
  ];
}

function fact(name, value, note) {
  return el('div', {}, el('dt', {}, name), el('dd', {}, value, el('small', {}, note)));
}

// pairs lists the strongest edges of the head.
export function pairs(list, units, show, choose) {
  return [
    el('h3', {}, list[0]?.at ? 'Strongest pairs, any head' : 'Strongest pairs'),
    el('ol', {class: 'pairs'}, list.map(({i, j, v, at}) =>
      el('li', {}, el('button', {type: 'button', class: 'link', onclick: () => choose(i, j, at)},
        `${visible(units[i].label)} → ${visible(units[j].label)}${at ? `, L${at[0]} H${at[1]}` : ''}`), el('span', {class: 'number'}, show(v))))),
    ...(list[0]?.at ? [el('p', {class: 'faint'}, 'In order of how far they are above what their key, and keys at their distance, get on average.')] : []),
  ];
}

export function similar(list, choose) {
  const heading = el('h3', {}, 'Similar heads');
  if (!list) return [heading, el('p', {class: 'faint'}, 'Not in a file of a text this long; rapt serve has them.')];
  return [heading, el('ol', {class: 'pairs'}, list.map(({layer, head, score}) =>
    el('li', {}, el('button', {type: 'button', class: 'link', onclick: () => choose(layer, head)}, `L${layer} H${head}`),
      el('span', {class: 'number'}, `${fixed(score, 3)} bits apart`))))];
}

// effect says what it changed that heads are off, or edges cut.
export function effect(e, run) {
  const last = e.hidden.at(-1);
  const most = last.indexOf(Math.max(...last));
  const names = (list) => list.map((p) => visible(p.token)).join(', ');
  return [
    el('p', {}, `That turns the sentence’s vector by ${fixed(e.sentence, 4)} (1 − cos); of the tokens ` +
      `${visible(nameOf(run.tokens[most]))} turns most, ${fixed(last[most], 4)}.`),
    e.before.length ? el('p', {}, `Predictions before: ${names(e.before)}; after: ${names(e.after)}.`) : null,
  ].filter(Boolean);
}
