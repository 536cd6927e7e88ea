import source from "../../kernels/tokens.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { BYTES, elementCount, expectShape, type Tensor } from "../gpu/tensor.ts";

/** Lanes per workgroup, one column each; `LANES` in the kernel. */
const LANES = 64;

/** The parts of the tokens of a group of crops, and where they go. */
export interface TokenParts {
  /** `[crops · patches, dim]`. */
  patches: Tensor;
  /** dim elements. */
  clsToken: Tensor;
  /** `registers · dim` elements; null: none. */
  registers: Tensor | null;
  /** dim elements; needed where there are masks. */
  maskToken: Tensor | null;
  /** `[1 + patches, dim]`; entry 0 belongs to the class token. Registers get none. */
  pos: Tensor;
  /** u32 `[crops · patches]`, 1 where the mask token stands in; null: all patches are seen. */
  masks: Tensor | null;
  crops: number;
  /** The packed tokens, `[tokens, dim]`. */
  into: Tensor;
  /** Row of `into` that takes the first crop's class token. */
  firstToken: number;
}

/** The gradient of the packed tokens, and which crops lie in it. */
export interface TokenGradient {
  /** `[tokens, dim]`. */
  dx: Tensor;
  firstToken: number;
  crops: number;
  /** Patches of one crop. */
  patches: number;
  /** Register tokens of one crop. */
  registers: number;
  /** As forward had them. */
  masks: Tensor | null;
}

/** Gradients that {@linkcode assembleTokensBackward} adds to. */
export interface TokenGrads {
  clsToken: Tensor;
  registers: Tensor | null;
  maskToken: Tensor | null;
}

interface Sizes {
  crops: number;
  patches: number;
  registers: number;
  dim: number;
  firstToken: number;
}

/**
 * Writes the tokens of a group of crops, each class token, registers, patches, into the packed
 * tokens.
 *
 * @example
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const patches = gpu.upload([2, 1], Float32Array.of(1, 2), "patches");
 * const clsToken = gpu.upload([1, 1, 1], Float32Array.of(9), "cls_token");
 * const maskToken = gpu.upload([1, 1], Float32Array.of(5), "mask_token");
 * const pos = gpu.upload([3, 1], Float32Array.of(0.1, 0.2, 0.3), "pos");
 * const masks = gpu.upload([2], Uint32Array.of(0, 1), "masks");
 * const into = gpu.empty([3, 1], "tokens");
 * const parts = { patches, clsToken, registers: null, maskToken, pos, masks };
 * assembleTokens(gpu, { ...parts, crops: 1, into, firstToken: 0 });
 * console.log(await gpu.download(into)); // Float32Array(3) [ 9.1, 1.2, 5.3 ], in f32
 * ```
 *
 * @throws {ShapeError} If the parts do not fit each other or `into`, or masks come without a mask
 * token.
 */
export function assembleTokens(gpu: Recorder, parts: TokenParts): void {
  const op = "assembleTokens";
  const { patches, clsToken, registers, maskToken, pos, masks, crops, into, firstToken } = parts;
  const [entries, dim] = expectShape(op, "pos", pos, ["1 + patches", "dim"]);
  const sizes = {
    crops,
    patches: entries - 1,
    registers: registers ? elementCount(registers.shape) / dim : 0,
    dim,
    firstToken,
  };
  expectShape(op, "patches", patches, [crops * sizes.patches, dim]);
  expectCount(op, "clsToken", clsToken, dim);
  if (registers) expectCount(op, "registers", registers, Math.floor(sizes.registers) * dim);
  if (maskToken) expectCount(op, "maskToken", maskToken, dim);
  if (masks) expectShape(op, "masks", masks, [crops * sizes.patches]);
  if (masks && !maskToken) {
    throw new ShapeError(`Cannot run ${op}: maskToken must be given where masks are, got null`);
  }
  expectRoom(op, "into", into, sizes);
  if (crops === 0) return;
  // Parts that are absent are never read: any other input takes their binding.
  gpu.run({
    label: "tokens.assemble",
    source,
    entryPoint: "assemble",
    params: paramsOf(sizes, { masked: masks !== null }),
    inputs: [
      patches,
      clsToken,
      registers ?? clsToken,
      maskToken ?? clsToken,
      pos,
      masks ?? clsToken,
    ],
    outputs: [into],
    workgroups: crops * sequenceLength(sizes),
    bytes: 2 * BYTES[into.dtype] * crops * sequenceLength(sizes) * dim,
  });
}

/**
 * Backward of {@linkcode assembleTokens}: adds to the gradients of class token, registers and mask
 * token.
 *
 * @returns Fresh gradients: `dPatches` `[crops · patches, dim]`, 0 where masked, and `dPos`
 * `[1 + patches, dim]`, the sum over the crops.
 * @throws {ShapeError} If the gradients do not fit each other.
 */
export function assembleTokensBackward(
  gpu: Recorder,
  { dx, firstToken, crops, patches, registers, masks }: TokenGradient,
  grads: TokenGrads,
): { dPatches: Tensor; dPos: Tensor } {
  const op = "assembleTokensBackward";
  const [, dim] = expectShape(op, "dx", dx, ["tokens", "dim"]);
  const sizes = { crops, patches, registers, dim, firstToken };
  expectRoom(op, "dx", dx, sizes);
  expectCount(op, "grads.clsToken", grads.clsToken, dim);
  if (grads.registers) expectCount(op, "grads.registers", grads.registers, registers * dim);
  if (grads.maskToken) expectCount(op, "grads.maskToken", grads.maskToken, dim);
  if (masks) expectShape(op, "masks", masks, [crops * patches]);

  const dPatches = gpu.empty([crops * patches, dim], "tokens.dPatches");
  const dPos = gpu.empty([1 + patches, dim], "tokens.dPos", "f32");
  const blocks = Math.ceil(dim / LANES);
  const common = { source, workgroups: (1 + patches) * blocks };
  if (masks) {
    const maskSums = gpu.empty([patches, dim], "tokens.maskSums", "f32");
    gpu.run({
      ...common,
      label: "tokens.backward_masked",
      entryPoint: "backward_masked",
      params: paramsOf(sizes),
      inputs: [dx, masks],
      outputs: [dPatches, dPos, maskSums],
    });
    if (grads.maskToken) addMaskToken(gpu, maskSums, grads.maskToken, sizes);
  } else {
    gpu.run({
      ...common,
      label: "tokens.backward_patches",
      entryPoint: "backward_patches",
      params: paramsOf(sizes),
      inputs: [dx],
      outputs: [dPatches, dPos],
    });
  }
  if (crops > 0) {
    addRows(gpu, dx, grads.clsToken, sizes, 0, 1);
    if (grads.registers) addRows(gpu, dx, grads.registers, sizes, 1, registers);
  }
  return { dPatches, dPos };
}

function addMaskToken(gpu: Recorder, maskSums: Tensor, grad: Tensor, sizes: Sizes): void {
  gpu.run({
    label: "tokens.backward_mask_token",
    source,
    entryPoint: "backward_mask_token",
    params: paramsOf(sizes),
    inputs: [maskSums],
    outputs: [grad],
    workgroups: Math.ceil(sizes.dim / LANES),
  });
}

/** Adds the sum over crops of `rows` tokens of each, from `firstRow` on. */
function addRows(
  gpu: Recorder,
  dx: Tensor,
  grad: Tensor,
  sizes: Sizes,
  firstRow: number,
  rows: number,
): void {
  if (rows === 0) return;
  gpu.run({
    label: "tokens.backward_rows",
    source,
    entryPoint: "backward_rows",
    params: paramsOf(sizes, { firstRow, rows }),
    inputs: [dx],
    outputs: [grad],
    workgroups: rows * Math.ceil(sizes.dim / LANES),
    bytes: (BYTES[dx.dtype] * sizes.crops + 2 * BYTES.f32) * rows * sizes.dim,
  });
}

function sequenceLength({ patches, registers }: Sizes): number {
  return 1 + registers + patches;
}

function paramsOf(
  { crops, patches, registers, dim, firstToken }: Sizes,
  { masked = false, firstRow = 0, rows = 0 } = {},
): ArrayBuffer {
  return packParams(
    ["u32", crops],
    ["u32", patches],
    ["u32", registers],
    ["u32", dim],
    ["u32", firstToken],
    ["u32", masked ? 1 : 0],
    ["u32", firstRow],
    ["u32", rows],
  );
}

/** Official shapes keep leading axes of 1, so these tensors are known by their element count. */
function expectCount(op: string, name: string, { shape }: Tensor, count: number): void {
  if (elementCount(shape) === count) return;
  throw new ShapeError(
    `Cannot run ${op}: ${name} must have ${count} elements, got [${shape.join(", ")}]`,
  );
}

function expectRoom(op: string, name: string, tensor: Tensor, sizes: Sizes): void {
  const [tokens] = expectShape(op, name, tensor, ["tokens", sizes.dim]);
  const end = sizes.firstToken + sizes.crops * sequenceLength(sizes);
  if (end <= tokens) return;
  throw new ShapeError(
    `Cannot run ${op}: ${name} must have at least ${end} rows for ${sizes.crops} crops of ` +
      `${sequenceLength(sizes)} tokens from row ${sizes.firstToken}, got ${tokens}`,
  );
}
