// The line above the picture: the exact number of what is pointed at.

import {el, visible} from './dom.js';
import {rank, sees} from './maps.js';
import {ordinal} from './numbers.js';

// readout tells of an edge its number, and of a token where it looks most.
export function readout(app, query, key) {
  const {map, frame: f} = app;
  if (app.state.view === 'layers') return [el('span', {class: 'faint'}, 'Point at a cell for its number; lock a token to follow it.')];
  const n = f.units.length;
  const name = (u, kind) => el('b', {class: kind}, visible(f.units[u].label));
  if (query !== null && key !== null) {
    if (!sees(f, query, key)) return [name(query, 'goes'), ' can’t see ', name(key, 'comes'), ', which comes later'];
    const among = f.shown.filter((j) => sees(f, query, j)).length;
    return [name(query, 'goes'), ' → ', name(key, 'comes'), ' ', el('span', {class: 'value', id: 'value'}, app.exact(map[query * n + key])),
      el('span', {class: 'faint'}, ` ${ordinal(rank(map, f, query, key))} of ${among} in its row`)];
  }
  const u = query ?? key;
  if (u === null) return [el('span', {class: 'faint'}, 'Point at a cell or a token; click locks it.')];
  const row = f.shown.filter((j) => sees(f, u, j)).map((j) => [j, map[u * n + j]]).sort((a, b) => b[1] - a[1]).slice(0, 3);
  return [name(u, 'goes'), ' looks at ', ...row.flatMap(([j, v], at) => [at ? ', ' : '', el('b', {}, visible(f.units[j].label)), ` ${app.shown(v)}`])];
}
