import source from "../../kernels/layer_norm_backward.wgsl" with { type: "text" };
import type { AdapterFacts } from "../gpu/device.ts";
import { packParams, type Recorder, type Variant } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { layerNormColumns, type LayerNormLayout, layerNormLayouts } from "./layer_norm_layout.ts";
import { linkKernel } from "./link_kernel.ts";
import { rowSplits } from "./row_splits.ts";
import { bytesOfRows, type RowSubset } from "./row_subset.ts";

const SOURCE = linkKernel(source);

/** A workgroup has the lanes of one row only: it takes many of them to fill a GPU. */
const SPLITS = { most: 2048, minRows: 8 };

/** The tensors of a layer norm's way back, which fit each other. */
export interface LayerNormTensors {
  dy: Tensor; // [rows, dim]
  x: Tensor; // [T, dim]
  gamma: Tensor; // [dim]
  stats: Tensor; // [rows, 2]
  /** What dx is added to, where that is another tensor than `dx`, `[rows, dim]`. */
  add: Tensor | undefined;
  /** The rows of `x`, where these are not all: then dx is added into those of `dx`. */
  subset: RowSubset | undefined;
  dx: Tensor; // [T, dim]
}

/** All gradients in one pass, by so many lanes to a row; or dx, row by row, and then the others. */
export type LayerNormWayBack = Variant & ({ lanes: number } | { layout: LayerNormLayout });

/** The ways back through rows of so many numbers, the built-in one first. */
export function layerNormWaysBack(adapter: AdapterFacts, dim: number): LayerNormWayBack[] {
  const twoPasses = layerNormLayouts(adapter, dim).map((layout) => ({ name: layout.name, layout }));
  // Software adapters have caches: what a second pass reads is still there.
  if (adapter.kernels === "cpu") return twoPasses;
  const widths = dim <= 64 ? [64] : dim <= 512 ? [128, 256] : [256, 128];
  return [...widths.map((lanes) => ({ name: `one pass, ${lanes} lanes`, lanes })), ...twoPasses];
}

/**
 * Writes dx.
 *
 * @param labelOf Adds what a dispatch works on to its name.
 * @returns Sums for the gradients of gamma and beta, `[splits, 2 · dim]`.
 */
export function recordLayerNormBackward(
  gpu: Recorder,
  tensors: LayerNormTensors,
  way: LayerNormWayBack,
  labelOf: (kernel: string) => string,
): Tensor {
  if ("lanes" in way) return inOnePass(gpu, tensors, way.lanes, labelOf);
  const { dy, x, gamma, stats, add, subset, dx } = tensors;
  const [rows, dim] = dy.shape;
  const { kernel, constants, rowsAtOnce } = way.layout;
  const inputs = [x, dy, stats, subset?.table ?? dy, gamma, add ?? dy];
  gpu.run({
    label: labelOf(`${kernel}.backward_input`),
    source: way.layout.source,
    entryPoint: "backward_input",
    constants: { ...constants, HAS_ADD: add ? 1 : 0, HAS_SUBSET: subset ? 1 : 0 },
    params: packParams(["u32", rows], ["u32", dim], ["u32", 1], ["f32", 0]),
    inputs,
    outputs: [dx],
    workgroups: Math.ceil(rows / rowsAtOnce),
    bytes: subset && bytesAddingInto(subset, dx, inputs),
  });
  return paramSums(gpu, tensors, labelOf);
}

/** The second of two passes. */
function paramSums(
  gpu: Recorder,
  { dy, x, stats, subset }: LayerNormTensors,
  labelOf: (kernel: string) => string,
): Tensor {
  const [rows, dim] = dy.shape;
  const splits = rowSplits(rows);
  const partial = gpu.empty([splits, 2 * dim], "layer_norm.partial", "f32");
  const { kernel, source, constants, columns } = layerNormColumns(gpu.adapter, dim);
  const inputs = [x, dy, stats, subset?.table ?? dy];
  gpu.run({
    label: labelOf(`${kernel}.partial_sums`),
    source,
    entryPoint: "partial_sums",
    constants: { ...constants, HAS_SUBSET: subset ? 1 : 0 },
    params: packParams(["u32", rows], ["u32", dim], ["u32", splits], ["f32", 0]),
    inputs,
    outputs: [partial],
    workgroups: [Math.ceil(dim / columns), splits],
    bytes: subset && bytesOfRows(subset, rows, [...inputs, partial]),
  });
  return partial;
}

function inOnePass(
  gpu: Recorder,
  { dy, x, gamma, stats, add, subset, dx }: LayerNormTensors,
  lanes: number,
  labelOf: (kernel: string) => string,
): Tensor {
  const [rows, dim] = dy.shape;
  const splits = rowSplits(rows, SPLITS);
  const partial = gpu.empty([splits, 2 * dim], "layer_norm.partial", "f32");
  const fits = 8 * (dim + lanes) <= gpu.adapter.maxWorkgroupBytes;
  const inputs = [x, dy, stats, subset?.table ?? dy, gamma, add ?? dy];
  gpu.run({
    label: labelOf("layer_norm_backward.backward"),
    source: SOURCE,
    entryPoint: "backward",
    constants: {
      WORKGROUP_SIZE: lanes,
      HAS_ADD: add ? 1 : 0,
      HAS_SUBSET: subset ? 1 : 0,
      SUMS: fits ? dim : 1,
    },
    params: packParams(["u32", rows], ["u32", dim], ["u32", splits], ["f32", 0]),
    inputs,
    outputs: [dx, partial],
    workgroups: [splits, 1],
    bytes: subset && bytesAddingInto(subset, dx, [...inputs, partial]),
  });
  return partial;
}

/** Bytes of a dispatch that adds into the subset's rows of `dx`: it reads them as well. */
function bytesAddingInto(subset: RowSubset, dx: Tensor, others: readonly Tensor[]): number {
  const { count } = subset;
  return bytesOfRows(subset, count, [...others, dx]) + bytesOfRows(subset, count, [dx]);
}
