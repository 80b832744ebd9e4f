// Numbers as files hold them, and as they are shown. internal/web/codes.go writes what is read here.

// unpack reads deflated bytes in base 85.
export async function unpack(text) {
  const stream = new Blob([base85(text)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// base85 reads 4 bytes from each 5 characters, and n from n+1 at the end; see codes.go.
function base85(text) {
  const length = Math.floor(text.length * 4 / 5);
  const bytes = new Uint8Array(4 * Math.ceil(text.length / 5));
  for (let from = 0, to = 0; from < text.length; from += 5, to += 4) {
    let x = 0;
    for (let i = from; i < from + 5; i++) {
      const c = i < text.length ? text.charCodeAt(i) : 125; // the largest digit, which rounds up what was cut off
      x = x * 85 + c - (c > 60 ? 41 : 40);
    }
    for (let i = 0; i < 4; i++) bytes[to + i] = x / 2 ** (24 - 8 * i);
  }
  return bytes.subarray(0, length);
}

// levels are the numbers of the digits code: two significant digits, one below 0.01, none below 0.0001.
const levels = (() => {
  const list = [0];
  for (const decade of [1e4, 1e3]) for (let d = 1; d < 10; d++) list.push(d / decade);
  for (let d = 10; d < 100; d++) list.push(d / 1000);
  for (let d = 10; d <= 100; d++) list.push(d / 100);
  return list;
})();

// numbers turns unpacked bytes into numbers.
export function numbers(bytes, code) {
  if (code.kind === 'digits') {
    const scale = 10 ** code.exponent;
    const table = Float32Array.from({length: 256}, (_, c) => (levels[c] ?? 0) * scale);
    return Float32Array.from(bytes, (c) => table[c]);
  }
  const n = bytes.length / 2;
  const out = new Float32Array(n);
  if (code.kind === 'figures') {
    return out.map((_, i) => {
      const u = (bytes[n + i] << 8) | bytes[i];
      return u === 0 ? 0 : (100 + (u - 1) % 900) * 10 ** (Math.floor((u - 1) / 900) - 30);
    });
  }
  const scale = 10 ** code.decimals;
  for (let i = 0; i < n; i++) {
    const u = ((bytes[n + i] << 24) >> 16) | bytes[i]; // signed
    if (code.kind === 'fixed') out[i] = u / scale;
    else out[i] = u === 0 ? 0 : (u + 0.5) / (2 * scale); // the middle of the half step
  }
  return out;
}

// show writes a number with as many digits as its code has right; exact numbers with four decimals.
export function show(x, code) {
  if (!code) return fixed(x, 4);
  if (code.kind !== 'digits') return fixed(x, code.decimals);
  const v = x / 10 ** code.exponent;
  if (v < 0.00005) return '0.0000';
  const digits = v < 0.00095 ? 4 : v < 0.0995 ? 3 : 2;
  return fixed(x, Math.max(0, digits - code.exponent));
}

// fixed is x with so many decimals, with a real minus, and without one before 0.
export function fixed(x, decimals) {
  const s = x.toFixed(decimals);
  if (Number(s) === 0) return s.replace('-', '');
  return s.replace('-', '−');
}

// figures is x with three significant digits, and not more than six decimals.
export function figures(x) {
  return fixed(x, Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(x || 1)))));
}

// keysOf turns unpacked bytes into keys: 24 bits of each, in three stretches, 0 for none.
export function keysOf(bytes) {
  const n = bytes.length / 3;
  return Int32Array.from({length: n}, (_, i) => (bytes[i] | (bytes[n + i] << 8) | (bytes[2 * n + i] << 16)) - 1);
}

export function percent(x, decimals = 1) {
  return fixed(100 * x, decimals) + ' %';
}

// farthest is the size of the number that is farthest from 0. There may be more of them than a call takes arguments.
export function farthest(values) {
  let most = 0;
  for (const v of values) most = Math.max(most, Math.abs(v));
  return most;
}

// ordinal is 1st, 2nd, 3rd …
export function ordinal(n) {
  const last = n % 100 > 10 && n % 100 < 14 ? 0 : n % 10;
  return n + (['th', 'st', 'nd', 'rd'][last] ?? 'th');
}
