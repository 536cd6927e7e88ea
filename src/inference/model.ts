import type { ModelArgs } from "../config/model_args.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { ConfigError } from "../config/config_error.ts";
import { publishedName, resolveModel } from "../config/model_presets.ts";
import {
  type AdapterFacts,
  type DeviceOptions,
  type OpenDevice,
  openDevice,
} from "../gpu/device.ts";
import { ShapeError } from "../gpu/errors.ts";
import { PlanRecorder } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import { elementCount } from "../gpu/tensor.ts";
import { allocateValues, ParameterSet, type ValueBuffers } from "../layers/parameter.ts";
import { initialBuffer } from "../model/initial_values.ts";
import { VisionTransformer } from "../model/vision_transformer.ts";
import { bytesOf, writeSafetensors } from "../safetensors_file.ts";
import { attentionBlock, AttentionPass, type ClassAttention } from "./attention_pass.ts";
import { type Features, ForwardPass, type PassShape } from "./forward_pass.ts";
import { blockIndices, type LayerOptions, withPatchMaps } from "./intermediate_layers.ts";
import { PassCache } from "./pass_cache.ts";

/** A weight of a model. */
export interface Weight {
  shape: readonly number[];
  values: Float32Array;
}

/**
 * A vision transformer with its weights on a GPU, for features; training makes its own.
 *
 * {@linkcode createModel} and {@linkcode loadModel} make one; `using` frees its memory.
 */
export class Model implements Disposable {
  readonly #open: OpenDevice;
  readonly #backbone: VisionTransformer;
  readonly #weights: PlanRunner;
  readonly #buffers: readonly ValueBuffers[];
  readonly #passes = new PassCache<ForwardPass | AttentionPass>();

  private constructor(
    open: OpenDevice,
    backbone: VisionTransformer,
    weights: PlanRunner,
    buffers: readonly ValueBuffers[],
  ) {
    this.#open = open;
    this.#backbone = backbone;
    this.#weights = weights;
    this.#buffers = buffers;
  }

  /**
   * A model on an adapter of the kind asked for, with the start values of `seed`.
   *
   * @throws {GpuError} If there is no adapter, or no memory.
   */
  static async allocate(
    config: ModelConfig,
    { seed = 0, ...device }: { seed?: number } & DeviceOptions = {},
  ): Promise<Model> {
    const open = await openDevice(device);
    try {
      const recorder = new PlanRecorder(open.facts);
      const set = new ParameterSet();
      const backbone = new VisionTransformer(config, set.scope("backbone."));
      const buffers = allocateValues(recorder, set);
      const weights = await PlanRunner.build(recorder.finish(), open);
      for (const each of buffers) weights.write(each.values, initialBuffer(each, seed, "student"));
      return new Model(open, backbone, weights, buffers);
    } catch (error) {
      open.close();
      throw error;
    }
  }

  get config(): ModelConfig {
    return this.#backbone.config;
  }

  get adapter(): AdapterFacts {
    return this.#open.facts;
  }

  /** Official state-dict names and shapes of all weights. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    const parameters = this.#buffers.flatMap(({ members }) => members.map((m) => m.parameter));
    return new Map(parameters.map(({ name, shape }) => [officialName(name), shape]));
  }

  /**
   * The tokens of images after the last block and the final norm.
   *
   * @param images Normalized pixels, `[images, C, height, width]`.
   * @param shape How many images there are, and their size: multiples of the patch size.
   * @param options `patches` false leaves patch tokens on the GPU, for who needs none.
   * @throws {ShapeError} If the pixels do not fit the shape, or the size is not whole patches.
   * @throws {GpuError} If they do not fit the adapter at once.
   */
  async forwardFeatures(
    images: Float32Array,
    shape: PassShape,
    { patches = true }: { patches?: boolean } = {},
  ): Promise<Features> {
    const [last] = await this.getIntermediateLayers(images, shape, { patches });
    return last;
  }

  /**
   * The tokens of images as they leave some blocks, in the order of the blocks: what heads for
   * dense tasks, and linear classifiers of several layers, are trained on.
   *
   * @example
   * ```ts
   * import { createModel } from "./model.ts";
   *
   * using model = await createModel("dinov2/vittest");
   * const pixels = new Float32Array(2 * 3 * 32 * 32);
   * const shape = { images: 2, size: [32, 32] } as const;
   * const layers = await model.getIntermediateLayers(pixels, shape, { n: 2 });
   * console.log(layers.length, layers[0].patchTokens.length); // 2 2048
   * ```
   *
   * @param images Normalized pixels, `[images, C, height, width]`.
   * @param shape How many images there are, and their size: multiples of the patch size.
   * @param options See {@linkcode LayerOptions}.
   * @throws {ConfigError} If there are no such blocks.
   * @throws {ShapeError} If the pixels do not fit the shape, or the size is not whole patches.
   * @throws {GpuError} If they do not fit the adapter at once.
   */
  async getIntermediateLayers(
    images: Float32Array,
    shape: PassShape,
    { n = 1, norm = true, reshape = false, patches = true }: LayerOptions = {},
  ): Promise<Features[]> {
    const blocks = blockIndices(n, this.config.depth);
    this.#check(images, shape);
    const layers = await this.#passes.run(
      JSON.stringify([shape.images, shape.size, blocks, norm]),
      () => ForwardPass.build(this.#open, this.#backbone, shape, { blocks, norm }),
      (pass) => pass.run(images, patches),
    );
    return reshape ? layers.map((layer) => withPatchMaps(layer, this.config.embedDim)) : layers;
  }

  /**
   * What the class tokens of images attend to in one block, computed from the model's own queries
   * and keys.
   *
   * @example
   * ```ts
   * import { createModel } from "./model.ts";
   *
   * using model = await createModel("dinov2/vittest");
   * const pixels = new Float32Array(2 * 3 * 32 * 32);
   * const { weights, grid } = await model.classAttention(pixels, { images: 2, size: [32, 32] });
   * console.log(weights.length, grid); // 64 [ 4, 4 ]: 2 images, 2 heads, 16 patches
   * ```
   *
   * @param images Normalized pixels, `[images, C, height, width]`.
   * @param shape How many images there are, and their size: multiples of the patch size.
   * @param options `block` is its place, from 0 as weights count them; the last if left out.
   * @throws {ConfigError} If there is no such block.
   * @throws {ShapeError} If the pixels do not fit the shape, or the size is not whole patches.
   * @throws {GpuError} If they do not fit the adapter at once.
   */
  async classAttention(
    images: Float32Array,
    shape: PassShape,
    { block }: { block?: number | null } = {},
  ): Promise<ClassAttention> {
    const place = attentionBlock(block, this.config.depth);
    this.#check(images, shape);
    return await this.#passes.run(
      JSON.stringify([shape.images, shape.size, "attention", place]),
      () => AttentionPass.build(this.#open, this.#backbone, shape, place),
      (pass) => pass.run(images),
    );
  }

  /** All weights by their official names. */
  async weights(): Promise<Map<string, Weight>> {
    const found = new Map<string, Weight>();
    for (const { members, values } of this.#buffers) {
      const flat = await this.#weights.download(values);
      for (const { parameter: { name, shape }, offset } of members) {
        const part = flat.subarray(offset, offset + elementCount(shape));
        found.set(officialName(name), { shape, values: part });
      }
    }
    return found;
  }

  /** Replaces weights; every one is asked for by its official name. */
  async setWeights(weightOf: (name: string) => Promise<Float32Array>): Promise<void> {
    for (const { members, values } of this.#buffers) {
      const flat = new Float32Array(elementCount(values.shape));
      for (const { parameter: { name }, offset } of members) {
        flat.set(await weightOf(officialName(name)), offset);
      }
      this.#weights.write(values, flat);
    }
  }

  /** Writes the weights under their official names, as training exports them. */
  async save(path: string): Promise<void> {
    const sources = [...await this.weights()].map(([name, { shape, values }]) => ({
      name,
      dtype: "F32" as const,
      shape,
      data: () => bytesOf(values),
    }));
    const metadata = { format: "denodino-backbone/1", model: JSON.stringify(this.config) };
    await writeSafetensors(path, sources, metadata);
  }

  [Symbol.dispose](): void {
    this.#passes[Symbol.dispose]();
    this.#weights[Symbol.dispose]();
    this.#open.close();
  }

  #check(images: Float32Array, { images: count, size }: PassShape): void {
    const { inChans, patchSize } = this.config;
    if (size.some((side) => side < patchSize || side % patchSize !== 0)) {
      throw new ShapeError(
        `Cannot compute features: size must be multiples of patch_size ${patchSize}, got ` +
          `[${size.join(", ")}]`,
      );
    }
    const shape = [count, inChans, ...size];
    if (count < 1 || images.length !== elementCount(shape)) {
      throw new ShapeError(
        `Cannot compute features: images must have ${elementCount(shape)} values for shape ` +
          `[${shape.join(", ")}], got ${images.length}`,
      );
    }
  }
}

/** Names without the prefix that they have among the parameters of a training run. */
function officialName(name: string): string {
  return name.replace(/^backbone\./, "");
}

/**
 * Makes a model with random weights.
 *
 * @example
 * ```ts
 * import { createModel } from "./model.ts";
 *
 * using model = await createModel("dinov2/vittest");
 * const pixels = new Float32Array(2 * 3 * 32 * 32);
 * const { clsToken, grid } = await model.forwardFeatures(pixels, { images: 2, size: [32, 32] });
 * console.log(clsToken.length, grid); // 128 [ 4, 4 ]
 * ```
 *
 * @param name A preset, such as `dinov2/vits14-notpretrained`.
 * @param options `model_args` reshape it, `seed` draws its weights, as in a run of that seed.
 * @throws {ConfigError} If the name is unknown, or means published weights, which `loadModel` takes;
 * if the overrides do not fit together.
 * @throws {GpuError} If there is no adapter of the kind asked for.
 */
export async function createModel(
  name: string,
  { model_args, ...options }: { model_args?: ModelArgs; seed?: number } & DeviceOptions = {},
): Promise<Model> {
  const model = resolveModel(name, model_args);
  if (publishedName(name) !== undefined) {
    const message = `must end in -notpretrained to start at random, got "${name}"; write so, or ` +
      "call loadModel() for its published weights";
    throw new ConfigError([{ key: "model", message }]);
  }
  return await Model.allocate(model, options);
}
