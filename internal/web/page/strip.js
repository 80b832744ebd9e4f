// The token strip: hover a token to see where it looks (one colour) and who looks at it (another); click to lock it.

import {el, visible} from './dom.js';

export class Strip {
  constructor(host, {hover, leave, click}) {
    this.host = host;
    this.visible = new Set(); // units; of a long text only these are lit
    this.watch = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        const u = Number(target.dataset.unit);
        if (!isIntersecting) {
          this.visible.delete(u);
        } else {
          this.visible.add(u);
          this.fill(u);
        }
      }
    }, {root: host});
    host.addEventListener('pointerover', (event) => {
      const at = this.indexOf(event.target);
      if (at !== null) hover(at);
    });
    host.addEventListener('pointerleave', leave);
    host.addEventListener('focusin', (event) => {
      const at = this.indexOf(event.target);
      if (at !== null && event.target.matches(':focus-visible')) hover(at);
    });
    host.addEventListener('click', (event) => {
      const at = this.indexOf(event.target);
      if (at !== null) click(at, event.shiftKey);
    });
  }

  indexOf(target) {
    const button = target.closest?.('button');
    return button ? Number(button.dataset.unit) : null;
  }

  draw(units, shown) {
    this.buttons = new Map();
    this.bars = new Map();
    const buttons = shown.map((u) => {
      const bars = [el('i', {class: 'goes'}), el('i', {class: 'comes'})];
      const button = el('button', {
        type: 'button', 'data-unit': u, class: units[u].special ? 'special' : '', 'aria-pressed': 'false', tabindex: '-1',
      }, visible(units[u].label), bars);
      this.buttons.set(u, button);
      this.bars.set(u, bars);
      return button;
    });
    if (buttons.length) buttons[0].tabIndex = 0;
    this.watch.disconnect();
    this.visible.clear();
    this.host.replaceChildren(...buttons);
    for (const button of buttons) this.watch.observe(button);
  }

  // lock shows which tokens are locked.
  lock(query, key) {
    for (const [u, button] of this.buttons) {
      button.setAttribute('aria-pressed', String(u === query || u === key));
      button.classList.toggle('query', u === query);
      button.classList.toggle('key', u === key);
      button.tabIndex = u === (query ?? this.buttons.keys().next().value) ? 0 : -1;
    }
  }

  // light fills the bars: out and in are lists of numbers by unit, or null.
  light(out, incoming, focus) {
    const most = (list) => (list ? Math.max(1e-9, ...[...this.buttons.keys()].map((u) => list[u])) : 1);
    this.lit = {out, incoming, mostOut: most(out), mostIn: most(incoming)};
    for (const u of this.visible) this.fill(u);
    if (this.focus !== focus) {
      this.buttons.get(this.focus)?.classList.remove('here');
      this.buttons.get(focus)?.classList.add('here');
      this.focus = focus;
    }
  }

  // fill sets the bars of a unit.
  fill(u) {
    if (!this.lit || !this.bars.has(u)) return;
    const {out, incoming, mostOut, mostIn} = this.lit;
    const [goes, comes] = this.bars.get(u);
    goes.style.transform = `scaleX(${out ? (out[u] / mostOut).toFixed(3) : 0})`;
    comes.style.transform = `scaleX(${incoming ? (incoming[u] / mostIn).toFixed(3) : 0})`;
  }
}
