import tileSource from "../../kernels/patch_embed.wgsl" with { type: "text" };
import subgroupSource from "../../kernels/patch_embed_subgroup.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

/** Rows that one split of the parameter gradient sums, as long as {@linkcode MAX_SPLITS} allows. */
const SPLIT_ROWS = 4096;
/** Bounds the memory of the partial gradients: `MAX_SPLITS` times the weight. */
const MAX_SPLITS = 16;
/** Lanes per workgroup of `backward_reduce`. */
const REDUCE_LANES = 256;

/** One of the two kernels, and the outputs that one of its workgroups owns. */
interface Variant {
  source: string;
  constants?: Record<string, number>;
  tileRows: number;
  tileCols: number;
}

const TILE: Variant = { source: tileSource, tileRows: 64, tileCols: 64 };

/** Sizes of one patch embedding; `taps` is channels · patchSize². */
interface Sizes {
  crops: number;
  channels: number;
  height: number;
  width: number;
  dim: number;
  patchSize: number;
  patches: number;
  rows: number;
  taps: number;
}

/**
 * Cuts images into square patches and projects each to one row, straight from the pixels.
 *
 * Row `crop · patches + gridRow · gridCols + gridCol` belongs to that patch of that crop.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const images = gpu.upload([1, 1, 2, 4], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), "images");
 * const weight = gpu.upload([1, 1, 2, 2], Float32Array.of(1, 1, 1, 1), "weight");
 * const bias = gpu.upload([1], Float32Array.of(0.5), "bias");
 * const patches = patchEmbed(gpu, images, weight, bias, { patchSize: 2 });
 * console.log(await gpu.download(patches)); // Float32Array(2) [ 14.5, 22.5 ]
 * ```
 *
 * @param images Pixels, `[crops, channels, height, width]`, always f32.
 * @param weight `[dim, channels, patchSize, patchSize]`.
 * @param bias `[dim]`.
 * @returns `[crops · patches, dim]`.
 * @throws {ShapeError} If weight or bias do not fit, or patches do not tile the images.
 */
export function patchEmbed(
  gpu: Recorder,
  images: Tensor,
  weight: Tensor,
  bias: Tensor,
  { patchSize }: { patchSize: number },
): Tensor {
  const sizes = matchSizes("patchEmbed", images, weight, bias, patchSize);
  const { rows, dim, taps } = sizes;
  const y = gpu.empty([rows, dim], "patch_embed.y");
  if (rows === 0) return y;
  const { source, constants, tileRows, tileCols } = variantFor(gpu);
  const [rowTiles, colTiles] = [Math.ceil(rows / tileRows), Math.ceil(dim / tileCols)];
  gpu.run({
    label: "patch_embed.forward",
    source,
    entryPoint: "forward",
    constants,
    params: paramsOf(sizes, rowTiles, colTiles, rows),
    inputs: [images, weight, bias],
    outputs: [y],
    workgroups: rowTiles * colTiles,
    flops: 2 * rows * dim * taps,
  });
  return y;
}

/**
 * Adds the gradients of {@linkcode patchEmbed} to those of its weight and bias. Images get none.
 *
 * @param dy Gradient of the result, `[crops · patches, dim]`.
 * @param images The pixels that forward saw.
 * @param grads Gradients to add to, shaped as `weight` and `bias`.
 * @throws {ShapeError} If the tensors do not fit each other.
 */
export function patchEmbedBackward(
  gpu: Recorder,
  dy: Tensor,
  images: Tensor,
  grads: { weight: Tensor; bias: Tensor },
  { patchSize }: { patchSize: number },
): void {
  const sizes = matchSizes("patchEmbedBackward", images, grads.weight, grads.bias, patchSize);
  const { rows, dim, taps } = sizes;
  expectShape("patchEmbedBackward", "dy", dy, [rows, dim]);
  if (rows === 0) return;
  const { source, constants, tileRows, tileCols } = variantFor(gpu);
  const splitRows = Math.max(SPLIT_ROWS, Math.ceil(rows / MAX_SPLITS));
  const splits = Math.ceil(rows / splitRows);
  const partials = gpu.empty([splits, dim, taps + 1], "patch_embed.partials", "f32");
  const [rowTiles, colTiles] = [Math.ceil(dim / tileRows), Math.ceil((taps + 1) / tileCols)];
  gpu.run({
    label: "patch_embed.backward_partials",
    source,
    entryPoint: "backward_partials",
    constants,
    params: paramsOf(sizes, rowTiles, colTiles, splitRows),
    inputs: [images, dy],
    outputs: [partials],
    workgroups: splits * rowTiles * colTiles,
    flops: 2 * rows * dim * (taps + 1),
  });
  gpu.run({
    label: "patch_embed.backward_reduce",
    source: tileSource,
    entryPoint: "backward_reduce",
    params: packParams(["u32", dim], ["u32", taps], ["u32", splits]),
    inputs: [partials],
    outputs: [grads.weight, grads.bias],
    workgroups: Math.ceil(dim * (taps + 1) / REDUCE_LANES),
  });
}

/** Software drivers run barriers slowly and shuffles fast; GPUs want workgroup memory. */
function variantFor({ adapter: { kernels, subgroupSize } }: Recorder): Variant {
  if (kernels === "gpu" || subgroupSize === 0) return TILE;
  const constants = { LANES: subgroupSize };
  return { source: subgroupSource, constants, tileRows: 16, tileCols: 4 * subgroupSize };
}

function matchSizes(
  op: string,
  images: Tensor,
  weight: Tensor,
  bias: Tensor,
  patchSize: number,
): Sizes {
  const [crops, channels, height, width] = expectShape(op, "images", images, [
    "crops",
    "channels",
    "height",
    "width",
  ]);
  const [dim] = expectShape(op, "weight", weight, ["dim", channels, patchSize, patchSize]);
  expectShape(op, "bias", bias, [dim]);
  if (height % patchSize !== 0 || width % patchSize !== 0) {
    throw new ShapeError(
      `Cannot run ${op}: images must have height and width divisible by the patch size ` +
        `${patchSize}, got ${height} x ${width}`,
    );
  }
  const patches = (height / patchSize) * (width / patchSize);
  const [rows, taps] = [crops * patches, channels * patchSize ** 2];
  return { crops, channels, height, width, dim, patchSize, patches, rows, taps };
}

function paramsOf(
  { channels, height, width, dim, patchSize, patches, rows, taps }: Sizes,
  rowTiles: number,
  colTiles: number,
  splitRows: number,
): ArrayBuffer {
  return packParams(
    ["u32", rows],
    ["u32", dim],
    ["u32", taps],
    ["u32", patchSize],
    ["u32", width / patchSize],
    ["u32", patches],
    ["u32", width],
    ["u32", height * width],
    ["u32", channels * height * width],
    ["u32", rowTiles],
    ["u32", colTiles],
    ["u32", splitRows],
  );
}
