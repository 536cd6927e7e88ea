import { type AttentionShape, attentionWeightsReference } from "./attention.ts";

/** What the first token of each sequence attends to, in float64: `[S, heads, N]`. */
export function classAttentionReference(
  qkv: ArrayLike<number>,
  shape: AttentionShape,
): Float64Array {
  const [tokens] = shape.lengths;
  const weights: number[] = [];
  for (let sequence = 0; sequence < shape.lengths.length; sequence++) {
    const keys = Array.from({ length: tokens }, (_, i) => sequence * tokens + i);
    for (let head = 0; head < shape.numHeads; head++) {
      weights.push(...attentionWeightsReference(qkv, shape, head, keys[0], keys).weights);
    }
  }
  return Float64Array.from(weights);
}
