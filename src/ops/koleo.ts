import kernel from "../../kernels/koleo.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/** Lanes per row; few, as a view of a batch has few rows to look through. */
const WORKGROUP_SIZE = 64;
/** Keeps norms, distances and logarithms away from zero. */
const EPS = 1e-8;

/** What {@linkcode koleo} keeps for {@linkcode koleoBackward}. */
export interface KoleoSaved {
  groups: number;
  y: Tensor; // [groups·rows, dim], normalized, f32
  norms: Tensor; // [groups·rows]
  nearest: Tensor; // [groups·rows] u32: row of y, or 0xffffffff where there is no other
  distances: Tensor; // [groups·rows]
}

/**
 * KoLeo: minus the mean log distance of each row to the nearest other row of its group, on the unit
 * sphere. It is low when features spread out evenly.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const clsTokens = gpu.upload([2, 2], Float32Array.of(1, 0, 0, 1), "cls tokens");
 * const { losses } = koleo(gpu, clsTokens, { groups: 1 });
 * console.log(await gpu.download(losses)); // -log √2
 * ```
 *
 * @param x Class tokens, `[groups·rows, dim]`; the rows of a group (a view) are contiguous.
 * @returns `losses` `[groups]`, 0 for a group of one row; `saved` for the backward pass.
 * @throws {ShapeError} If the rows do not divide into groups.
 */
export function koleo(
  gpu: Recorder,
  x: Tensor,
  { groups }: { groups: number },
): { losses: Tensor; saved: KoleoSaved } {
  const [allRows, dim] = expectShape("koleo", "x", x, ["groups * rows", "dim"]);
  if (allRows === 0 || allRows % groups !== 0) {
    throw new ShapeError(
      `Cannot run koleo: the rows of x must divide into ${groups} groups, got ${allRows}`,
    );
  }
  const y = gpu.empty([allRows, dim], "koleo.y", "f32");
  const norms = gpu.empty([allRows], "koleo.norms", "f32");
  const nearest = gpu.empty([allRows], "koleo.nearest", "u32");
  const distances = gpu.empty([allRows], "koleo.distances", "f32");
  const losses = gpu.empty([groups], "koleo.losses", "f32");
  const saved = { groups, y, norms, nearest, distances };
  const shared = { source, constants: { WORKGROUP_SIZE }, params: paramsOf(saved, 1) };
  gpu.run({
    ...shared,
    label: "koleo.normalize_rows",
    entryPoint: "normalize_rows",
    inputs: [x],
    outputs: [y, norms],
    workgroups: allRows,
  });
  gpu.run({
    ...shared,
    label: "koleo.find_nearest",
    entryPoint: "find_nearest",
    inputs: [y],
    outputs: [nearest, distances],
    workgroups: allRows,
    flops: 2 * allRows * (allRows / groups) * dim,
  });
  gpu.run({
    ...shared,
    label: "koleo.mean_log",
    entryPoint: "mean_log",
    inputs: [distances],
    outputs: [losses],
    workgroups: groups,
  });
  return { losses, saved };
}

/**
 * The gradient of the sum of {@linkcode koleo}'s losses, times `gradScale`, through both rows of
 * each pair.
 *
 * @param lossScalars `[2]`, see `lossScalars()`: the gradient is multiplied by the second, the loss
 * scale.
 * @returns A fresh dx, `[groups·rows, dim]`.
 */
export function koleoBackward(
  gpu: Recorder,
  saved: KoleoSaved,
  gradScale: number,
  lossScalars: Tensor,
): Tensor {
  expectShape("koleoBackward", "lossScalars", lossScalars, [2]);
  const { y, norms, nearest, distances } = saved;
  const [allRows, dim] = y.shape;
  const followers = gpu.empty([allRows, 2], "koleo.followers", "u32");
  const dx = gpu.empty([allRows, dim], "koleo.dx");
  const shared = { source, constants: { WORKGROUP_SIZE }, params: paramsOf(saved, gradScale) };
  gpu.run({
    ...shared,
    label: "koleo.link_followers",
    entryPoint: "link_followers",
    inputs: [nearest],
    outputs: [followers],
    workgroups: Math.ceil(allRows / WORKGROUP_SIZE),
  });
  gpu.run({
    ...shared,
    label: "koleo.backward_input",
    entryPoint: "backward_input",
    inputs: [y, norms, nearest, distances, followers, lossScalars],
    outputs: [dx],
    workgroups: allRows,
  });
  return dx;
}

function paramsOf({ groups, y }: KoleoSaved, gradScale: number): ArrayBuffer {
  const [allRows, dim] = y.shape;
  return packParams(
    ["u32", allRows / groups],
    ["u32", groups],
    ["u32", dim],
    ["f32", EPS],
    ["f32", gradScale],
  );
}
