import kernel from "../../kernels/class_attention.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/** Lanes per sequence and head; 64 cover a 224-pixel view of ViT-S/14 (257 tokens) in five strides. */
const WORKGROUP_SIZE = 64;

/**
 * How much the first token of each sequence, the class token, attends to each of its tokens: the
 * one row of the attention probabilities that {@linkcode attention} never stores.
 *
 * @param qkv `[S·N, 3D]`, of sequences that are all `N` tokens long: all q, then all k, then all v;
 * inside each, head after head.
 * @param options `sequences` is S; `into` takes the result, where it is not to be a fresh tensor.
 * @returns `[S, numHeads, N]`; each row sums to 1.
 * @throws {ShapeError} If `qkv` fits neither the sequences nor the heads, or `into` does not fit.
 */
export function classAttention(
  gpu: Recorder,
  qkv: Tensor,
  { sequences, numHeads, into }: { sequences: number; numHeads: number; into?: Tensor },
): Tensor {
  const [total, width] = expectShape("classAttention", "qkv", qkv, ["S·N", "3D"]);
  const [tokens, headDim] = [total / sequences, width / (3 * numHeads)];
  if (![tokens, headDim].every((size) => Number.isInteger(size) && size > 0)) {
    throw new ShapeError(
      `Cannot run classAttention: qkv must be ${sequences} sequences of one length and 3 · ` +
        `${numHeads} heads of one width, got [${total}, ${width}]`,
    );
  }
  const shape = [sequences, numHeads, tokens];
  if (into) expectShape("classAttention", "into", into, shape);
  const weights = into ?? gpu.empty(shape, "class_attention.weights", "f32");
  const rows = sequences * numHeads;
  gpu.run({
    label: "class_attention.forward",
    source,
    entryPoint: "forward",
    constants: { HEAD_DIM: headDim, WORKGROUP_SIZE },
    params: packParams(
      ["u32", rows],
      ["u32", tokens],
      ["u32", numHeads],
      ["f32", 1 / Math.sqrt(headDim)],
    ),
    inputs: [qkv],
    outputs: [weights],
    workgroups: rows,
    flops: 2 * rows * tokens * headDim,
  });
  return weights;
}
