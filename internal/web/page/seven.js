// The seven steps as a textbook writes them: plain loops over rows, every intermediate kept.

// lesson is the example of "rapt explain": three words of three numbers each, and the matrices of a model.
export const lesson = {
  words: ['cat', 'sat', 'mat'],
  x: [[1, 0, 1], [0, 1, 1], [1, 1, 0]],
  wq: [[1.09, 0.5, 0.77], [-0.21, -0.75, -2], [1.7, -0.96, -0.2]],
  wk: [[1.02, -0.86, -1.66], [0.52, -1.54, 0.9], [-0.02, 1.16, 0.65]],
  wv: [[0.9157, -0.6427, 0.7115], [0.3999, -1.2042, -0.4199], [-1.1927, -0.9351, 0.2135]],
};

export function product(a, b) {
  return a.map((row) => b[0].map((_, j) => row.reduce((sum, x, t) => sum + x * b[t][j], 0)));
}

export function transposed(m) {
  return m[0].map((_, j) => m.map((row) => row[j]));
}

// softmax turns a row into shares that sum to 1. The largest number is subtracted first: the shares stay the same, and no
// exp overflows.
export function softmax(row) {
  const most = Math.max(...row);
  const exps = row.map((x) => Math.exp(x - most));
  const sum = exps.reduce((s, e) => s + e, 0);
  return exps.map((e) => e / sum);
}

// attention is steps four to seven: q, k and v are there already. Where it is causal, a row has shares for no column
// behind its own.
export function attention(q, k, v, causal = false) {
  const scores = product(q, transposed(k));
  const root = Math.sqrt(k[0].length);
  const scaled = scores.map((row) => row.map((x) => x / root));
  const weights = scaled.map((row, i) => softmax(causal ? row.map((x, j) => (j > i ? -Infinity : x)) : row));
  return {q, k, v, scores, scaled, weights, output: product(weights, v)};
}

export function sevenSteps(x, wq, wk, wv) {
  return attention(product(x, wq), product(x, wk), product(x, wv));
}
