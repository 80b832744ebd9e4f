// What is shown of a map: pieces or words, with or without special tokens. Numbers stay as they are; what is hidden is
// counted.

// frame says which rows and columns there are. A unit is a token, or with words all pieces of a word. Without special
// tokens no sink is shown: where a causal model has no special tokens, that is its first one.
export function frame(tokens, {words, special, causal}) {
  const units = [];
  const of = [];
  tokens.forEach((t, i) => {
    const last = units.at(-1);
    if (words && last && tokens[last.tokens[0]].word === t.word) {
      last.tokens.push(i);
      last.label += t.source;
      last.special &&= t.special;
    } else {
      units.push({tokens: [i], label: (words && t.source.trim()) || nameOf(t), special: t.special, sink: t.sink});
    }
    of.push(units.length - 1);
  });
  const all = units.map((_, i) => i);
  const ordinary = all.filter((i) => !units[i].sink);
  const shown = special || ordinary.length === 0 ? all : ordinary;
  return {units, of, shown, words, causal, tokens: tokens.length};
}

// nameOf is what a token is called.
export function nameOf(token) {
  return token.label ?? token.text;
}

// sees reports whether unit i can look at unit j: in a causal model nothing looks at what comes later.
export function sees(f, i, j) {
  return !f.causal || j <= i;
}

// merge is the map over units: what goes to a word is the sum over its tokens, what comes from it the mean.
export function merge(map, f) {
  if (!f.words) return map;
  const n = f.tokens;
  const size = f.units.length;
  const out = new Float32Array(size * size);
  for (let i = 0; i < n; i++) {
    const from = f.of[i];
    const share = 1 / f.units[from].tokens.length;
    for (let j = 0; j < n; j++) out[from * size + f.of[j]] += share * map[i * n + j];
  }
  return out;
}

// mean is the mean of several maps.
export function mean(maps) {
  if (maps.length === 1) return maps[0];
  const out = new Float32Array(maps[0].length);
  for (const m of maps) for (let i = 0; i < out.length; i++) out[i] += m[i] / maps.length;
  return out;
}

// hidden is the part of what the rows shown give that goes to columns that aren't shown.
export function hidden(map, f) {
  const n = f.units.length;
  const shown = new Set(f.shown);
  let away = 0;
  let all = 0;
  for (const i of f.shown) {
    for (let j = 0; j < n; j++) {
      all += map[i * n + j];
      if (!shown.has(j)) away += map[i * n + j];
    }
  }
  return all > 0 ? away / all : 0;
}

// top is the largest number that is shown.
export function top(map, f) {
  const n = f.units.length;
  let most = 0;
  for (const i of f.shown) for (const j of f.shown) most = Math.max(most, map[i * n + j]);
  return most;
}

// edges takes of every row the largest numbers, until they are that share of what the row shows.
export function edges(map, f, mass) {
  const n = f.units.length;
  const list = [];
  let drawn = 0;
  let all = 0;
  let total = 0;
  for (const i of f.shown) {
    const row = f.shown.filter((j) => sees(f, i, j)).map((j) => [j, map[i * n + j]]).sort((a, b) => b[1] - a[1]);
    total += row.length;
    const sum = row.reduce((s, [, v]) => s + v, 0);
    all += sum;
    let so = 0;
    for (const [j, v] of row) {
      if (v <= 0 || so >= mass * sum - 1e-9) break;
      so += v;
      list.push({i, j, v});
    }
    drawn += so;
  }
  return {list, total, mass: all > 0 ? drawn / all : 0};
}

// strongest lists the largest numbers of a map: pairs of different units, special ones left out if asked.
export function strongest(map, f, count, {special}) {
  const n = f.units.length;
  const best = [];
  for (const i of f.shown) {
    for (const j of f.shown) {
      const v = map[i * n + j];
      if (i === j || (!special && (f.units[i].special || f.units[j].special))) continue;
      if (best.length === count && v <= best[count - 1].v) continue;
      best.push({i, j, v});
      best.sort((a, b) => b.v - a.v);
      best.length = Math.min(best.length, count);
    }
  }
  return best;
}

// rank is the place of column j in row i, 1 for the largest number.
export function rank(map, f, i, j) {
  const n = f.units.length;
  let place = 1;
  for (const other of f.shown) if (map[i * n + other] > map[i * n + j]) place++;
  return place;
}

// rollout follows attention through the layers: R_l = ½(mean of the heads + I)·R_{l−1}, one row of R_l for each layer.
// It works on one token alone, from the top down, which takes n² steps a layer instead of n³: row i of M_l·…·M_0 is
// ((e_i·M_l)·M_{l−1})·….
export function rollout(means, n, token) {
  return means.map((_, layer) => {
    let row = new Float64Array(n);
    row[token] = 1;
    for (let l = layer; l >= 0; l--) {
      const next = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        if (row[i] === 0) continue;
        for (let j = 0; j < n; j++) next[j] += 0.5 * row[i] * means[l][i * n + j];
        next[i] += 0.5 * row[i];
      }
      row = next;
    }
    return row;
  });
}
