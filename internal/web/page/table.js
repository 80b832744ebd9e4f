// The same numbers as a real table, for reading aloud, copying and searching.

import {el, visible} from './dom.js';
import {sees} from './maps.js';

const wholeTable = 24; // units; of more, a table has one token at a time

// table is all of the map, or the row and column of one unit.
export function table(map, f, focus, show, name) {
  const {units, shown} = f;
  const n = units.length;
  const label = (u) => visible(units[u].label);
  if (shown.length <= wholeTable) {
    return el('table', {class: 'numbers'},
      el('caption', {}, `${name}: how much each row looks at each column`),
      el('thead', {}, el('tr', {}, el('th', {scope: 'col'}, 'from \\ to'), shown.map((j) => el('th', {scope: 'col'}, label(j))))),
      el('tbody', {}, shown.map((i) => el('tr', {'data-row': i}, el('th', {scope: 'row'}, label(i)),
        shown.map((j) => el('td', {'data-column': j}, sees(f, i, j) ? show(map[i * n + j]) : ''))))));
  }
  return el('table', {class: 'numbers'},
    el('caption', {}, `${name}: ${label(focus)}, token ${units[focus].tokens[0]}; lock another token to see its numbers`),
    el('thead', {}, el('tr', {}, ['token', 'is looked at by it', 'looks at it'].map((t) => el('th', {scope: 'col'}, t)))),
    el('tbody', {}, shown.map((u) => el('tr', {}, el('th', {scope: 'row'}, label(u)),
      el('td', {}, show(map[focus * n + u])), el('td', {}, show(map[u * n + focus]))))));
}
