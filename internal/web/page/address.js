// The address after # holds the whole state of the page: parse(format(state)) is the state again.
//
// A field that is null, or as it is by default, is left out; what is false or empty is written where that isn't the default.

export const views = ['lesson', 'heatmap', 'arcs', 'text', 'layers', 'inside', 'survey', 'write'];

const text = {write: encode, read: decode};
const whole = {write: String, read: (s) => (/^\d{1,6}$/.test(s) ? Number(s) : undefined)};
const number = {write: String, read: (s) => (s.trim() !== '' && Number.isFinite(Number(s)) ? Number(s) : undefined)};
const flag = {write: (b) => (b ? '1' : '0'), read: (s) => ({1: true, 0: false})[s]};
const oneOf = (...words) => ({write: encode, read: (s) => (words.includes(decode(s)) ? decode(s) : undefined)});

function listOf(item, separator) {
  return {
    write: (list) => list.map(item.write).join(separator),
    read: (s) => {
      const list = s === '' ? [] : s.split(separator).map(item.read);
      return list.includes(undefined) ? undefined : list;
    },
  };
}

const pair = {
  write: ([layer, head]) => layer + '.' + head,
  read: (s) => (/^\d{1,6}\.\d{1,6}$/.test(s) ? s.split('.').map(Number) : undefined),
};

// A matrix of the lesson: rows of equal length.
const matrix = {
  write: (m) => m.map((row) => row.map((x) => String(x === 0 ? 0 : x)).join(',')).join(';'),
  read: (s) => {
    const m = s.split(';').map((row) => row.split(',').map(number.read));
    const regular = m.every((row) => row.length === m[0].length && !row.includes(undefined));
    return regular && m.length <= 8 && m[0].length <= 8 ? m : undefined;
  },
};

// fields: the name in the state, the name in the address, the default, and how a value is written.
const fields = [
  ['text', 't', null, text], //            what the model is run on
  ['pair', 'p', null, text], //            the second text
  ['model', 'm', null, text], //           the model's name, for who reads the address
  ['measure', 'ms', 'weights', text],
  ['layer', 'L', null, whole],
  ['heads', 'H', [], listOf(whole, ',')], // of the layer; of several the mean is shown
  ['query', 'q', null, whole], //          the locked token
  ['key', 'k', null, whole], //            the second locked token
  ['view', 'view', 'heatmap', oneOf(...views)],
  ['special', 'sp', true, flag], //        special tokens are shown
  ['words', 'w', false, flag], //          whole words instead of pieces
  ['log', 'log', false, flag], //          colours by the logarithm
  ['mass', 'mass', 0.8, number], //        the share of each row whose edges are drawn
  ['sort', 'sort', 'place', oneOf('place', 'relation', 'entropy', 'special', 'distance')],
  ['by', 'by', 'map', text], //            what the head map shows
  ['cells', 'cell', 'share', oneOf('share', 'max')], // what the cells of a survey's map are
  ['at', 'at', null, whole], //            where the stretch of text begins that a survey shows; null: by the locked token
  ['filter', 'f', '', text], //            letters of the roles that are shown
  ['find', 'find', null, text], //         a:b, the edge by which heads are ranked
  ['compare', 'c', null, text], //         the other text
  ['off', 'off', [], listOf(pair, ',')], // heads that are switched off
  ['cuts', 'cut', [], listOf(pair, ',')], // edges that are cut in every head: query and key
  ['theme', 'th', 'auto', oneOf('auto', 'light', 'dark')],
  ['lessonX', 'lx', null, matrix], //      the lesson's matrices, where they were changed
  ['lessonQ', 'lq', null, matrix],
  ['lessonK', 'lk', null, matrix],
  ['lessonV', 'lv', null, matrix],
  ['order', 'lo', [0, 1, 2], listOf(whole, ',')], // of the lesson's words
];

export const fieldNames = fields.map(([name]) => name);

// initial is a state with every field at its default.
export function initial() {
  const state = {};
  for (const [name, , value] of fields) state[name] = structuredClone(value);
  return state;
}

export function format(state) {
  const parts = ['v=1'];
  for (const [name, short, value, kind] of fields) {
    const x = state[name];
    if (x === null || x === undefined || JSON.stringify(x) === JSON.stringify(value)) continue;
    parts.push(short + '=' + kind.write(x));
  }
  return '#' + parts.join('&');
}

// parse reads an address; what isn't there, or makes no sense, is as by default.
export function parse(hash) {
  const state = initial();
  const given = new Map();
  for (const part of hash.replace(/^#/, '').split('&')) {
    const at = part.indexOf('=');
    if (at > 0) given.set(part.slice(0, at), part.slice(at + 1));
  }
  for (const [name, short, , kind] of fields) {
    if (!given.has(short)) continue;
    const x = kind.read(given.get(short));
    if (x !== undefined) state[name] = x;
  }
  return state;
}

function encode(s) {
  return encodeURIComponent(s.toWellFormed()).replaceAll('%20', '+');
}

function decode(s) {
  try {
    return decodeURIComponent(s.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
