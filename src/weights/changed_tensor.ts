import type { WeightSource } from "./weight_source.ts";

/** The same weights, but for one of them, which is changed as it is read. */
export function withChanged<Source extends WeightSource>(
  weights: Source,
  name: string,
  shape: readonly number[],
  change: (values: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>,
): Source {
  return {
    ...weights,
    shapes: new Map([...weights.shapes, [name, shape]]),
    f32: async (asked: string) => {
      const values = await weights.f32(asked);
      return asked === name ? change(values) : values;
    },
    [Symbol.asyncDispose]: () => weights[Symbol.asyncDispose](),
  };
}
