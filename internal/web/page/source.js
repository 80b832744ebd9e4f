// Where the page's numbers come from: the server, or the file that it is in.

import {unpack, numbers} from './numbers.js';

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

  // inside gives q, k and v of a head, or null where the file doesn't have them.
  async inside(_, l, h) {
    const {inside, tokens, model} = this.data;
    if (!inside) return null;
    const all = numbers(await unpack(this.document.getElementById('inside-' + l).textContent), inside.code);
    const n = tokens.length;
    const of = (part) =>
      Array.from({length: n}, (_, i) => {
        const at = ((part * n + i) * model.heads + h) * model.head_dim;
        return Array.from(all.subarray(at, at + model.head_dim));
      });
    return {x: null, q: of(0), k: of(1), v: of(2), code: inside.code};
  }

  async find(run, queries, keys) {
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
    this.layers = new Map();
  }

  async models() {
    return answerOf(await fetch('api/model'));
  }

  async summary({text, pair, measure, off}) {
    this.layers.clear();
    this.requests?.abort(); // what was asked about another run is of no use any more
    this.requests = new AbortController();
    const about = {text, pair, measure, off};
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

  async inside(run, layer, head) {
    return {...(await this.post('inside', {...run.about, layer, head})), code: null};
  }

  find(run, queries, keys) {
    return this.post('find', {...run.about, queries, keys});
  }

  similar(run, layer, head) {
    return this.post('similar', {...run.about, layer, head});
  }

  compare(run, other, layer, head) {
    return this.post('compare', {...run.about, other, layer, head});
  }

  switch(run, off, position) {
    return this.post('switch', {text: run.about.text, pair: run.about.pair, off, position});
  }

  async post(name, body) {
    const given = Object.fromEntries(Object.entries(body).filter(([, x]) => x !== null && x !== undefined));
    return answerOf(await fetch('api/' + name, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(given),
      signal: this.requests.signal,
    }));
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
