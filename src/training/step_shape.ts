import type { DINOv2Args } from "../config/method_args.ts";
import type { ModelConfig } from "../config/model_config.ts";
import type { Elem } from "../gpu/kernel.ts";

/** Everything that fixes the shapes of a step, and so its plan. */
export interface StepShape {
  readonly model: ModelConfig;
  readonly method: DINOv2Args;
  /** Width of a linear layer between backbone and heads; null or absent: there is none. */
  readonly embedDim?: number | null;
  /** B, images in a micro-batch. */
  readonly batchSize: number;
  /** L, local views of an image. */
  readonly localViews: number;
  /** [height, width] in pixels. */
  readonly globalSize: readonly [number, number];
  readonly localSize: readonly [number, number];
  /** Upper bound of the masked patches of a step. */
  readonly maxMasked: number;
  /** Blocks whose activations are computed again on the way back; null: all are kept. */
  readonly recomputeBlocks?: number | null;
  /** Micro-batches whose gradients are added up before an update. */
  readonly accumulationSteps: number;
  /** How activations and the weights of products are stored; f32 if absent. */
  readonly elem?: Elem;
}

/** Patch rows and columns of the global views. */
export function globalGrid({ globalSize, model }: StepShape): [number, number] {
  return [globalSize[0] / model.patchSize, globalSize[1] / model.patchSize];
}

/** Tokens of one global and of one local crop: class token, registers, patches. */
export function tokensPerCrop({ globalSize, localSize, model }: StepShape) {
  const tokens = ([height, width]: readonly [number, number]) =>
    1 + model.numRegisterTokens + (height / model.patchSize) * (width / model.patchSize);
  return { global: tokens(globalSize), local: tokens(localSize) };
}

/** Which packed tokens a step looks at; tables that never change. */
export interface TokenTables {
  /** Student class tokens image by image: two global views, then the local ones; `[B·(2 + L)]`. */
  studentCls: Uint32Array<ArrayBuffer>;
  /** Teacher class tokens image by image, `[B·2]`. */
  teacherCls: Uint32Array<ArrayBuffer>;
  /** Class tokens of the global views, all first views before all second ones, `[2·B]`. */
  koleoCls: Uint32Array<ArrayBuffer>;
}

/** Builds the token tables of a shape. Crop `view · B + image` comes before the next view's. */
export function tokenTables(shape: StepShape): TokenTables {
  const { batchSize, localViews } = shape;
  const { global, local } = tokensPerCrop(shape);
  const globalCls = (view: number, image: number) => (view * batchSize + image) * global;
  const localCls = (view: number, image: number) =>
    2 * batchSize * global + (view * batchSize + image) * local;
  const images = [...Array(batchSize).keys()];
  const locals = [...Array(localViews).keys()];
  return {
    studentCls: Uint32Array.from(images.flatMap((image) => [
      globalCls(0, image),
      globalCls(1, image),
      ...locals.map((view) => localCls(view, image)),
    ])),
    teacherCls: Uint32Array.from(
      images.flatMap((image) => [globalCls(0, image), globalCls(1, image)]),
    ),
    koleoCls: Uint32Array.from([0, 1].flatMap((view) => images.map((i) => globalCls(view, i)))),
  };
}

/** Packed token of a masked patch, from its flat index `crop · N + patch`. */
export function maskedToken(shape: StepShape, flatIndex: number): number {
  const [rows, columns] = globalGrid(shape);
  const patches = rows * columns;
  const crop = Math.floor(flatIndex / patches);
  const first = crop * tokensPerCrop(shape).global + 1 + shape.model.numRegisterTokens;
  return first + (flatIndex % patches);
}
