// The lesson: attention in seven steps, with numbers that can be changed.

import {el} from './dom.js';
import {fixed} from './numbers.js';
import {Matrix} from './matrix.js';
import {lesson, sevenSteps} from './seven.js';

const inputs = {x: 'lessonX', wq: 'lessonQ', wk: 'lessonK', wv: 'lessonV'};
const places = [0, 1, 2];
const numbersOf = places.map((c) => `number ${c + 1}`);
const digits = places.map((r) => String(r + 1));

const symbols = {
  x: 'X', wq: ['W', el('sub', {}, 'q')], wk: ['W', el('sub', {}, 'k')], wv: ['W', el('sub', {}, 'v')],
  q: 'Q', k: 'K', v: 'V', scores: 'scores', scaled: 'scaled', weights: 'weights', output: 'output',
};

// steps: what each does, its formula (and the index at its end), and the factors of its equation; kt is K transposed.
const steps = [
  {title: 'Queries', formula: ['Q = X·W', 'q'], result: 'q', parts: ['x', '·', 'wq', '=', 'q'],
    text: 'What does each word ask for? Its three numbers, through a matrix that a model has learned.'},
  {title: 'Keys', formula: ['K = X·W', 'k'], result: 'k', parts: ['x', '·', 'wk', '=', 'k'],
    text: 'What does each word offer to be found by? The same words, another learned matrix.'},
  {title: 'Values', formula: ['V = X·W', 'v'], result: 'v', parts: ['x', '·', 'wv', '=', 'v'],
    text: 'What does each word pass on to those who look at it? A third matrix.'},
  {title: 'Scores', formula: ['scores = Q·Kᵀ'], result: 'scores', parts: ['q', '·', 'kt', '=', 'scores'],
    text: 'How well does the question of a row fit the offer of a column? Multiply them number by number and add up.'},
  {title: 'Scale', formula: ['scaled = scores / √d'], result: 'scaled', parts: ['scores', '/ √3 =', 'scaled'],
    text: 'A sum of d products grows with d. Divided by √d it stays of the same size, however wide the model is.'},
  {title: 'Softmax', formula: ['weights = softmax(scaled)'], result: 'weights', parts: ['scaled', '→', 'weights'],
    text: 'Each row becomes shares that sum to 1: exp makes every number positive and the large ones stand out. This is the attention.'},
  {title: 'Mix', formula: ['output = weights·V'], result: 'output', parts: ['weights', '·', 'v', '=', 'output'],
    text: 'Each word becomes a mixture of the values of all words, of each as much as it looks at it.'},
];

export class Lesson {
  // change(fields) is called with the fields of the state that the reader has changed.
  constructor(change) {
    this.change = change;
    this.matrices = [];
    this.formula = el('output', {class: 'formula', 'aria-live': 'polite'}, 'Point at a number to see where it comes from.');
    this.reading = el('p', {class: 'reading'});
    this.proof = el('p', {class: 'proof', role: 'status'});
    this.element = el('article', {class: 'lesson'},
      el('header', {},
        el('h2', {}, 'Attention in seven steps'),
        el('p', {}, 'In “The cat sat on the mat”, what does ', el('em', {}, 'sat'), ' mean? You look at ', el('em', {}, 'cat'),
          ' (who sat?) and at ', el('em', {}, 'mat'), ' (where?). A transformer does the same with numbers. Here are three ' +
          'words of three numbers each. Change any number with a dashed line under it: all that follows changes with it.'),
        el('div', {class: 'buttons'},
          el('button', {type: 'button', id: 'draw', onclick: () => this.draw()}, 'Draw new numbers'),
          el('button', {type: 'button', id: 'permute', onclick: () => this.permute()}, 'Permute the words'),
          el('button', {type: 'button', id: 'reset', onclick: () => this.reset()}, 'Back to the lesson'))),
      steps.map((s, number) => this.step(s, number + 1)),
      el('section', {class: 'step wide'}, el('div', {},
        el('h3', {}, 'What came out'), this.reading,
        el('h3', {}, 'No word has a place'),
        el('p', {}, 'Nothing in the seven steps knows which word comes first. Permute the words, and the rows of every matrix ' +
          'are permuted with them; each word’s output stays what it was. A model that cares for the order puts it into X.'),
        this.proof)),
      this.formula);
  }

  step(s, number) {
    return el('section', {class: 'step', 'aria-label': `step ${number}: ${s.title}`},
      el('div', {class: 'words'}, el('span', {class: 'count', 'aria-hidden': 'true'}, String(number)), el('h3', {}, s.title),
        el('p', {class: 'rule'}, s.formula[0], s.formula[1] && el('sub', {}, s.formula[1])), el('p', {}, s.text)),
      el('div', {class: 'equation'}, s.parts.map((part) =>
        /^[a-z]+$/.test(part) ? this.matrix(part, number, part === s.result) : el('span', {class: 'sign'}, part))));
  }

  matrix(part, number, isResult) {
    const turned = part === 'kt';
    const name = turned ? 'k' : part;
    const isInput = name in inputs;
    const wordRows = !['wq', 'wk', 'wv'].includes(name) && !turned;
    const square = ['scores', 'scaled', 'weights'].includes(name);
    const m = new Matrix({
      name: name.toUpperCase(), shares: name === 'weights',
      symbol: turned ? ['K', el('sup', {}, 'T')] : symbolOf(name),
      rows: wordRows ? lesson.words : digits,
      columns: square || turned ? lesson.words : numbersOf,
      headed: square || turned,
      edit: isInput ? (i, j, x) => this.edit(name, i, j, x) : null,
      point: (i, j) => this.point(name, turned ? j : i, turned ? i : j, number),
      leave: () => this.unpoint(),
    });
    Object.assign(m, {part: name, turned, wordRows, wordColumns: square || turned, number, isResult});
    m.element.dataset.matrix = name;
    m.element.dataset.step = number;
    this.matrices.push(m);
    return m.element;
  }

  // show works the seven steps out and fills every matrix.
  show(state) {
    this.state = state;
    this.base = Object.fromEntries(Object.entries(inputs).map(([name, field]) => [name, valid(state[field]) ?? lesson[name]]));
    const order = isOrder(state.order) ? state.order : places;
    this.order = order;
    const x = order.map((w) => this.base.x[w]);
    this.values = {...this.base, x, ...sevenSteps(x, this.base.wq, this.base.wk, this.base.wv)};
    this.words = order.map((w) => lesson.words[w]);
    for (const m of this.matrices) {
      m.rename(m.wordRows ? this.words : digits, m.wordColumns ? this.words : numbersOf);
      const values = this.values[m.part];
      m.set(m.turned ? values[0].map((_, c) => values.map((row) => row[c])) : values);
    }
    this.read();
    this.prove();
  }

  // read says in words where each word looks.
  read() {
    this.reading.textContent = this.values.weights.map((row, i) => {
      const most = row.indexOf(Math.max(...row));
      const at = most === i ? 'itself' : this.words[most];
      return `${this.words[i]} looks ${row[most] > 0.5 ? 'mostly' : 'most'} at ${at} (${fixed(row[most], 4)})`;
    }).join(', ') + '.';
  }

  // prove compares the outputs with those of the words in their first order.
  prove() {
    const straight = sevenSteps(this.base.x, this.base.wq, this.base.wk, this.base.wv).output;
    let apart = 0;
    this.order.forEach((w, i) => straight[w].forEach((x, c) => {
      apart = Math.max(apart, Math.abs(x - this.values.output[i][c]));
    }));
    const same = this.order.every((w, i) => w === i);
    this.proof.textContent = same
      ? `The words stand in their first order: ${this.words.join(', ')}.`
      : `Now: ${this.words.join(', ')}. The largest difference between a word’s output now and before is ` +
        (apart === 0 ? '0.' : `${apart.toExponential(1)}, from rounding alone.`);
  }

  edit(name, i, j, x) {
    const m = this.base[name].map((row) => [...row]);
    m[name === 'x' ? this.order[i] : i][j] = x;
    this.change({[inputs[name]]: m});
  }

  draw() {
    const m = () => places.map(() => places.map(() => Number(normal().toFixed(2))));
    this.change({lessonQ: m(), lessonK: m(), lessonV: m()});
  }

  permute() {
    const [a, b, c] = this.order;
    this.change({order: [c, a, b]});
  }

  reset() {
    this.change({lessonX: null, lessonQ: null, lessonK: null, lessonV: null, order: [...places]});
  }

  // point explains a number and marks what it comes from.
  point(name, i, j, number) {
    const explain = formulas[name];
    if (!explain) {
      this.unpoint();
      this.formula.textContent = `${name === 'x' ? `a number of ${this.words[i]}` : 'a number that the model has learned'}: ` +
        `${fixed(this.values[name][i][j], 4)}. Type another, or press ↑ ↓.`;
      return;
    }
    const {text, from} = explain(this, i, j);
    this.formula.replaceChildren(...text);
    for (const m of this.matrices) {
      const at = (r, c) => (m.turned ? [c, r] : [r, c]);
      m.mark('source', (r, c) => from.some(([part, test]) => part === m.part && m.number === stepOf[name] && !m.isResult && test(...at(r, c))));
      m.mark('here', (r, c) => m.part === name && at(r, c)[0] === i && at(r, c)[1] === j);
    }
  }

  unpoint() {
    for (const m of this.matrices) {
      m.mark('source', () => false);
      m.mark('here', () => false);
    }
  }
}

const stepOf = Object.fromEntries(steps.map((s, at) => [s.result, at + 1]));

function symbolOf(name) {
  const symbol = symbols[name];
  return Array.isArray(symbol) ? symbol.map((s) => (typeof s === 'string' ? s : s.cloneNode(true))) : symbol;
}

// inner is the formula of a sum of products.
function inner(l, label, left, right, value) {
  const terms = left.map((x, t) => `${t ? bracketed(x) : bare(x)}·${bracketed(right[t])}`).join(' + ');
  return [el('b', {}, label), ` = ${terms} = `, el('b', {}, fixed(value, 4))];
}

const projection = (matrix, name) => (l, i, j) => ({
  text: inner(l, `${name}[${l.words[i]}, ${j + 1}]`, l.values.x[i], l.values[matrix].map((row) => row[j]),
    l.values[name.toLowerCase()][i][j]),
  from: [['x', (r) => r === i], [matrix, (_, c) => c === j]],
});

const formulas = {
  q: projection('wq', 'Q'),
  k: projection('wk', 'K'),
  v: projection('wv', 'V'),
  scores: (l, i, j) => ({
    text: inner(l, `score[${l.words[i]}, ${l.words[j]}]`, l.values.q[i], l.values.k[j], l.values.scores[i][j]),
    from: [['q', (r) => r === i], ['k', (r) => r === j]],
  }),
  scaled: (l, i, j) => ({
    text: [el('b', {}, `scaled[${l.words[i]}, ${l.words[j]}]`), ` = ${bare(l.values.scores[i][j])} / √3 = `,
      el('b', {}, fixed(l.values.scaled[i][j], 4))],
    from: [['scores', (r, c) => r === i && c === j]],
  }),
  weights: (l, i, j) => {
    const row = l.values.scaled[i];
    const most = Math.max(...row);
    const exp = (x) => `e^(${bare(x)} − ${bracketed(most)})`;
    return {
      text: [el('b', {}, `weight[${l.words[i]}, ${l.words[j]}]`), ` = ${exp(row[j])} / (${row.map(exp).join(' + ')}) = `,
        el('b', {}, fixed(l.values.weights[i][j], 4))],
      from: [['scaled', (r) => r === i]],
    };
  },
  output: (l, i, j) => ({
    text: inner(l, `output[${l.words[i]}, ${j + 1}]`, l.values.weights[i], l.values.v.map((row) => row[j]), l.values.output[i][j]),
    from: [['weights', (r) => r === i], ['v', (_, c) => c === j]],
  }),
};

// bare is a number with no more digits than it needs, at most four.
function bare(x) {
  return fixed(x, 4).replace(/\.?0+$/, '');
}

function bracketed(x) {
  return bare(x).startsWith('−') ? `(${bare(x)})` : bare(x);
}

// valid is a 3 × 3 matrix, or undefined.
function valid(m) {
  return m && m.length === 3 && m[0].length === 3 ? m : undefined;
}

function isOrder(order) {
  return order.length === 3 && places.every((w) => order.includes(w));
}

// normal draws from the standard normal distribution (Box and Muller 1958).
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
