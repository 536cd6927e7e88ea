/**
 * The golden cases' formula for tensors too large to store: element `k` of a stream, in [-1, 1).
 * 32-bit unsigned arithmetic with wrap-around.
 */
export function formulaValue(k: number, stream: number): number {
  let x = (Math.imul(k, 2654435761) + Math.imul(stream, 40503) + 12345) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 3266489917) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  return x / 2 ** 31 - 1;
}

/** `length` elements of a stream, times `scale`, rounded to f32. */
export function formulaArray(length: number, stream: number, scale: number): Float32Array {
  return Float32Array.from({ length }, (_, k) => scale * formulaValue(k, stream));
}

/** Start value of a parameter by formula: norms and `weight_g` around 1, `gamma` around 0.1. */
export function formulaParameter(
  name: string,
  length: number,
  stream: number,
  scale: number,
): Float32Array {
  const values = formulaArray(length, stream, scale);
  const base = /(norm|norm1|norm2)\.weight$|weight_g$/.test(name)
    ? 1
    : name.endsWith("gamma")
    ? 0.1
    : 0;
  return base === 0 ? values : values.map((value) => Math.fround(value) + Math.fround(base));
}

/** Elements 0, n, 2n, ... of a flattened tensor. */
export function every(values: ArrayLike<number>, stride: number): Float32Array {
  const length = Math.ceil(values.length / stride);
  return Float32Array.from({ length }, (_, i) => values[i * stride]);
}
