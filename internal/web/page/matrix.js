// A matrix of the lesson as a table: some can be edited, the others explain each of their cells.

import {index, css, signed, viridis, ink} from './color.js';
import {el} from './dom.js';
import {fixed} from './numbers.js';

export class Matrix {
  // Options: name and symbol of the matrix, labels of rows and columns, headed if those of the columns are shown,
  // edit(i, j, x) if it can be edited, point(i, j) as a cell is pointed at or focused, leave(); shares if it has weights.
  constructor(options) {
    this.options = options;
    const {symbol, rows, columns} = options;
    this.cells = rows.map((_, i) => columns.map((_, j) => this.cell(i, j)));
    this.rows = rows.map((row) => el('th', {scope: 'row'}, row));
    this.columns = options.headed ? columns.map((column) => el('th', {scope: 'col'}, column)) : [];
    this.element = el('table', {class: 'matrix' + (options.edit ? ' edit' : '')},
      el('caption', {}, symbol),
      options.headed ? el('thead', {}, el('tr', {}, el('td', {}), this.columns)) : null,
      el('tbody', {}, this.cells.map((row, i) => el('tr', {}, this.rows[i], row.map((c) => c.td)))));
    this.element.addEventListener('pointerleave', () => options.leave?.());
  }

  cell(i, j) {
    const {edit, point} = this.options;
    if (edit) {
      const input = el('input', {inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false'});
      input.addEventListener('input', () => this.read(input, i, j));
      input.addEventListener('keydown', (event) => this.step(event, input, i, j));
      input.addEventListener('blur', () => this.settle(input, i, j));
      const td = el('td', {}, input);
      td.addEventListener('pointerenter', () => point?.(i, j));
      input.addEventListener('focus', () => point?.(i, j));
      return {td, input};
    }
    const td = el('td', {tabindex: i + j === 0 ? '0' : '-1'});
    td.addEventListener('pointerenter', () => point?.(i, j));
    td.addEventListener('focus', () => point?.(i, j));
    td.addEventListener('keydown', (event) => this.walk(event, i, j));
    return {td};
  }

  // read takes what was typed; what is no number is marked and left alone.
  read(input, i, j) {
    const text = input.value.trim().replace('−', '-').replace(',', '.');
    const x = Number(text);
    const ok = text !== '' && Number.isFinite(x) && Math.abs(x) <= 1e6;
    input.setAttribute('aria-invalid', String(!ok));
    if (ok) this.options.edit(i, j, x);
  }

  // step changes a number by a tenth with the arrow keys.
  step(event, input, i, j) {
    const by = {ArrowUp: 0.1, ArrowDown: -0.1}[event.key];
    if (!by) return;
    event.preventDefault();
    this.options.edit(i, j, Number((this.values[i][j] + by).toFixed(4)));
    input.value = plain(this.values[i][j]);
    input.setAttribute('aria-invalid', 'false');
  }

  settle(input, i, j) {
    input.value = plain(this.values[i][j]);
    input.setAttribute('aria-invalid', 'false');
    this.options.leave?.();
  }

  // walk moves the focus among the cells with the arrow keys.
  walk(event, i, j) {
    const [di, dj] = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key] ?? [];
    const next = this.cells[i + di]?.[j + dj];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.td.focus();
  }

  // rename gives rows and columns other labels.
  rename(rows, columns) {
    Object.assign(this.options, {rows, columns});
    const write = (heads, labels) => heads.forEach((head, i) => {
      head.textContent = labels[i];
    });
    write(this.rows, rows);
    write(this.columns, columns);
  }

  // set shows other numbers.
  set(values) {
    this.values = values;
    const {edit, shares, name, rows, columns} = this.options;
    const most = shares ? 1 : Math.max(1e-9, ...values.flat().map(Math.abs));
    values.forEach((row, i) => row.forEach((x, j) => {
      const {td, input} = this.cells[i][j];
      if (edit) {
        if (document.activeElement !== input) input.value = plain(x);
        input.setAttribute('aria-label', `${name}, ${rows[i]}, ${columns[j]}`);
      } else {
        td.textContent = fixed(x, 4);
        td.setAttribute('aria-label', `${name}, ${rows[i]}, ${columns[j]}: ${fixed(x, 4)}`);
      }
      this.paint(td, x, most, shares);
    }));
  }

  // paint gives weights their colour of viridis; what has a sign gets a tint, so that the digits stay what one reads.
  paint(td, x, most, shares) {
    if (shares) {
      const c = index(x, 1);
      td.style.background = css(viridis, c);
      td.style.color = ink(viridis, c);
      return;
    }
    td.style.setProperty('--tint', css(signed, x < 0 ? 30 : 225));
    td.style.setProperty('--strength', `${Math.round(34 * Math.min(1, Math.abs(x) / most))}%`);
  }

  // mark shows which cells a number comes from: those for which from(i, j) says so.
  mark(kind, from) {
    this.cells.forEach((row, i) => row.forEach(({td}, j) => td.classList.toggle(kind, from(i, j))));
  }
}

// plain is a number as one types it.
function plain(x) {
  return String(Number(x.toFixed(4))).replace('-', '−');
}
