// Where the page's numbers come from: the server, or the file that it is in.

import {unpack, numbers, keysOf} from './numbers.js';

// open finds out which.
export function open(document) {
  const element = document.getElementById('data');
  return element ? new FileSource(document, JSON.parse(element.textContent)) : new ServerSource();
}

// A FileSource has one run, and reads a layer when it is asked for.
class FileSource {
  constructor(document, data) {
    this.document = document;
    this.data = data;
    this.isFile = true;
    this.code = data.maps;
    this.start = data.start; // the address to start with
    this.layers = new Map();
  }

  async models() {
    return {model: this.data.model, measures: [this.data.measure]};
  }

  async summary() {
    return this.data;
  }

  // layer gives the maps of a layer's heads.
  async layer(_, l) {
    if (!this.layers.has(l)) {
      const block = this.document.getElementById('layer-' + l).textContent;
      this.layers.set(l, unpack(block).then((bytes) => cut(numbers(bytes, this.code), this.data)));
    }
    return this.layers.get(l);
  }

  // block gives the bytes of a layer.
  block(name, l) {
    return unpack(this.document.getElementById(`${name}-${l}`).textContent);
  }

  // pooled gives what a survey has of a head.
  async pooled(_, l, h) {
    const {segments, tokens, maps, received} = this.data;
    if (!this.layers.has(l)) this.layers.set(l, Promise.all(['share', 'max', 'received'].map((name) => this.block(name, l))));
    const [share, max, sums] = await this.layers.get(l);
    const of = (bytes, code, size) => numbers(bytes, code).subarray(h * size, (h + 1) * size);
    const cells = segments.length ** 2;
    return {share: of(share, maps, cells), max: of(max, maps, cells), received: of(sums, received, tokens.length)};
  }

  // row gives the largest weights of a row: those that the file has.
  async row(_, l, h, query) {
    const {tops, tokens, maps} = this.data;
    this.rows ??= new Map();
    if (!this.rows.has(l)) this.rows.set(l, Promise.all([this.block('index', l).then(keysOf), this.block('weight', l).then((bytes) => numbers(bytes, maps))]));
    const [index, weight] = await this.rows.get(l);
    const from = (h * tokens.length + query) * tops;
    const keys = Array.from(index.subarray(from, from + tops)).filter((key) => key >= 0);
    return {keys, weights: Array.from(weight.subarray(from, from + keys.length)), whole: false};
  }

  // inside gives q, k and v of a head, or null where the file doesn't have them.
  async inside(run, l, h) {
    const {inside, tokens, model} = this.data;
    if (!inside) return null;
    const all = numbers(await unpack(this.document.getElementById('inside-' + l).textContent), inside.code);
    const n = tokens.length;
    const shared = Math.floor(h * model.kv_heads / model.heads);
    const of = (from, heads, head) =>
      Array.from({length: n}, (_, i) => {
        const at = from + (i * heads + head) * model.head_dim;
        return Array.from(all.subarray(at, at + model.head_dim));
      });
    const [q, kv] = [n * model.heads * model.head_dim, n * model.kv_heads * model.head_dim];
    const map = (await this.layer(run, l))[h];
    return {
      x: null, q: of(0, model.heads, h), k: of(q, model.kv_heads, shared), v: of(q + kv, model.kv_heads, shared),
      weights: Array.from({length: n}, (_, i) => Array.from(map.subarray(i * n, i * n + n))), code: inside.code,
    };
  }

  async find(run, queries, keys) {
    if (run.segments) return null;
    const ranking = [];
    for (let l = 0; l < run.layers; l++) {
      (await this.layer(run, l)).forEach((map, head) => {
        let sum = 0;
        for (const i of queries) for (const j of keys) sum += map[i * run.tokens.length + j];
        ranking.push({layer: l, head, score: sum / queries.length});
      });
    }
    return ranking.sort((a, b) => b.score - a.score);
  }

  async similar(run, l, h) {
    return run.similar ? run.similar[l * run.heads + h] : null;
  }
}

// A ServerSource asks the server, by the API of docs/api.md.
class ServerSource {
  constructor() {
    this.isFile = false;
    this.code = null; // numbers are exact
    this.start = '';
    this.layers = new Map();
  }

  async models() {
    return answerOf(await fetch('api/model'));
  }

  async summary(about) {
    this.layers.clear();
    this.requests?.abort(); // what was asked about another run is of no use any more
    this.requests = new AbortController();
    const run = await this.post('summary', about);
    return {...run, about};
  }

  async layer(run, l) {
    if (!this.layers.has(l)) {
      const asked = this.post('layer', {...run.about, layer: l}).then((buffer) => cut(new Float32Array(buffer), run));
      asked.catch(() => this.layers.delete(l));
      this.layers.set(l, asked);
    }
    return this.layers.get(l);
  }

  // pooled gives what a survey has of a head.
  async pooled(run, layer, head) {
    const {share, max, received} = await this.post('pooled', {...run.about, layer, head});
    return {share: Float32Array.from(share.flat()), max: Float32Array.from(max.flat()), received: Float32Array.from(received)};
  }

  // row gives the weights of a query that it sees.
  async row(run, layer, head, query) {
    const {weights: [row]} = await answerOf(await this.ask('row', {...run.about, layer, head, queries: [query]}, this.signalOf(query)));
    const weights = run.causal ? row.slice(0, query + 1) : row;
    return {keys: [...weights.keys()], weights, whole: true};
  }

  async inside(run, layer, head) {
    return {...(await this.post('inside', {...run.about, layer, head})), code: null};
  }

  async find(run, queries, keys) {
    const signal = run.segments ? this.signalOf(queries[0]) : this.requests.signal;
    return answerOf(await this.ask('find', {...run.about, queries, keys}, signal));
  }

  // signalOf ends what is asked about the row of a query when another one is wanted: each takes a run of the model.
  signalOf(query) {
    if (this.rowOf !== query || this.rowRequests.signal.aborted) {
      this.rowRequests?.abort();
      Object.assign(this, {rowOf: query, rowRequests: new AbortController()});
    }
    return AbortSignal.any([this.rowRequests.signal, this.requests.signal]);
  }

  similar(run, layer, head) {
    return this.post('similar', {...run.about, layer, head});
  }

  compare(run, other, layer, head) {
    return this.post('compare', {...run.about, other, layer, head});
  }

  switch(run, position) {
    const {text, pair, off, cuts} = run.about;
    return this.post('switch', {text, pair, off, cuts, position});
  }

  // generate gives the lines of a continuation as they come.
  async *generate(run, {tokens, temperature, seed}, signal) {
    const response = await this.ask('generate', {text: run.about.text, tokens, temperature, seed}, signal);
    if (!response.ok) await answerOf(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  async post(name, body) {
    return answerOf(await this.ask(name, body, this.requests.signal));
  }

  ask(name, body, signal) {
    const given = Object.fromEntries(Object.entries(body).filter(([, x]) => x !== null && x !== undefined));
    return fetch('api/' + name, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(given), signal});
  }
}

async function answerOf(response) {
  const isJSON = response.headers.get('Content-Type')?.startsWith('application/json');
  const answer = await (isJSON ? response.json() : response.arrayBuffer());
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer;
}

// cut gives the maps of a layer's heads.
function cut(all, {heads, tokens}) {
  const size = tokens.length ** 2;
  return Array.from({length: heads}, (_, h) => all.subarray(h * size, (h + 1) * size));
}
