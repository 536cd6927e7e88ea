/** Sizes of one call: tokens of each sequence, heads, and numbers in a head. */
export interface AttentionShape {
  lengths: readonly number[];
  numHeads: number;
  headDim: number;
}

/** Multi-head self-attention of each packed sequence in float64: `out` and log-sum-exp. */
export function attentionReference(
  qkv: ArrayLike<number>,
  shape: AttentionShape,
): { out: Float64Array; lse: Float64Array } {
  const { numHeads, headDim } = shape;
  const tokens = qkv.length / (3 * numHeads * headDim);
  const out = new Float64Array(tokens * numHeads * headDim);
  const lse = new Float64Array(tokens * numHeads);
  forEachRow(shape, (query, head, keys) => {
    const row = attentionWeightsReference(qkv, shape, head, query, keys);
    lse[query * numHeads + head] = row.lse;
    keys.forEach((key, i) => {
      for (let d = 0; d < headDim; d++) {
        out[(query * numHeads + head) * headDim + d] += row.weights[i] *
          qkv[at(shape, 2, key, head) + d];
      }
    });
  });
  return { out, lse };
}

/** What one token attends to with one head: a weight for each key, and the log-sum-exp of scores. */
export function attentionWeightsReference(
  qkv: ArrayLike<number>,
  shape: AttentionShape,
  head: number,
  query: number,
  keys: readonly number[],
): { weights: number[]; lse: number } {
  const scores = keys.map((key) => scoreOf(qkv, shape, head, query, key));
  const max = Math.max(...scores);
  const sum = scores.reduce((total, score) => total + Math.exp(score - max), 0);
  return { weights: scores.map((score) => Math.exp(score - max) / sum), lse: max + Math.log(sum) };
}

/** Gradient of `Σ dOut · out` with respect to qkv, by the chain rule through the softmax. */
export function attentionBackwardReference(
  dOut: ArrayLike<number>,
  qkv: ArrayLike<number>,
  shape: AttentionShape,
): Float64Array {
  const { numHeads, headDim } = shape;
  const { out, lse } = attentionReference(qkv, shape);
  const dQkv = new Float64Array(qkv.length);
  forEachRow(shape, (query, head, keys) => {
    const row = (query * numHeads + head) * headDim;
    let delta = 0;
    for (let d = 0; d < headDim; d++) delta += dOut[row + d] * out[row + d];
    for (const key of keys) {
      const score = scoreOf(qkv, shape, head, query, key);
      const weight = Math.exp(score - lse[query * numHeads + head]);
      let dWeight = 0;
      for (let d = 0; d < headDim; d++) {
        dWeight += dOut[row + d] * qkv[at(shape, 2, key, head) + d];
        dQkv[at(shape, 2, key, head) + d] += weight * dOut[row + d];
      }
      const dScore = weight * (dWeight - delta) / Math.sqrt(headDim);
      for (let d = 0; d < headDim; d++) {
        dQkv[at(shape, 0, query, head) + d] += dScore * qkv[at(shape, 1, key, head) + d];
        dQkv[at(shape, 1, key, head) + d] += dScore * qkv[at(shape, 0, query, head) + d];
      }
    }
  });
  return dQkv;
}

/** Where a head of q (part 0), k (1) or v (2) of a token begins. */
function at({ numHeads, headDim }: AttentionShape, part: number, token: number, head: number) {
  return ((token * 3 + part) * numHeads + head) * headDim;
}

function scoreOf(
  qkv: ArrayLike<number>,
  shape: AttentionShape,
  head: number,
  query: number,
  key: number,
): number {
  const [q, k] = [at(shape, 0, query, head), at(shape, 1, key, head)];
  let score = 0;
  for (let d = 0; d < shape.headDim; d++) score += qkv[q + d] * qkv[k + d];
  return score / Math.sqrt(shape.headDim);
}

function forEachRow(
  { lengths, numHeads }: AttentionShape,
  visit: (query: number, head: number, keys: number[]) => void,
): void {
  let start = 0;
  for (const length of lengths) {
    const keys = Array.from({ length }, (_, i) => start + i);
    for (const query of keys) {
      for (let head = 0; head < numHeads; head++) visit(query, head, keys);
    }
    start += length;
  }
}
