import { ViewLoader } from "../data/loader.ts";
import type { PlainLoaderOptions } from "../data/plain_loader.ts";
import type { RenderedItem } from "../data/item.ts";
import type { ImageProblem } from "../images/image_set.ts";
import type { Features } from "../inference/forward_pass.ts";
import type { Model } from "../inference/model.ts";
import { cosineSchedule } from "../optim/schedules.ts";
import type { PlainArgs } from "../views/plain_view.ts";
import { DEFAULT_TRANSFORM_ARGS, type TransformArgs } from "../views/view_spec.ts";
import { assertFinite } from "./assert_finite.ts";
import { type Guessed, GuessTally } from "./guess_tally.ts";
import { imageFeatures, patchesFor } from "./image_features.ts";
import type { LabelledImages } from "./labelled_sets.ts";
import { type LinearInputs, linearInputs } from "./linear_inputs.ts";
import type { LinearSweep } from "./linear_sweep.ts";
import { noneReadable } from "./none_readable.ts";

/** Decoded images that are kept for later epochs. */
const CACHE_BYTES = 2 ** 30;

/** How training views are made, and how often. */
export interface LinearTraining {
  epochs: number;
  /** Images of a step. */
  batchSize: number;
  min_scale: number;
  flip: number;
  seed: number;
}

/** Views that training on some images looks at. */
export function viewsSeen(
  images: number,
  { epochs, batchSize }: Pick<LinearTraining, "epochs" | "batchSize">,
): number {
  return epochs * Math.floor(images / batchSize) * batchSize;
}

/** How right each classifier is on some images. */
export interface Judged {
  /** By classifier; those that were not asked for are missing. */
  guessed: Guessed[];
  /** Classes of the images that could be read. */
  truth: Uint32Array;
}

/** Trains the classifiers of a sweep on what a model makes of images, and tells how right they are. */
export class LinearProbe {
  /** Images that could not be read. */
  readonly skipped: ImageProblem[] = [];

  /**
   * @param inputs What the classifiers of each input of the sweep see.
   * @param settings How images are loaded.
   * @param onViews Told of how many more views the features are there.
   */
  constructor(
    readonly model: Model,
    readonly sweep: LinearSweep,
    readonly inputs: readonly LinearInputs[],
    readonly settings: PlainLoaderOptions,
    readonly onViews: (count: number) => void = () => {},
  ) {}

  /** Trains on views that are cut out and mirrored at random, with a cosine schedule to 0. */
  async train({ images, labels }: LabelledImages, training: LinearTraining): Promise<void> {
    const { batchSize, epochs, seed } = training;
    this.skipped.push(...images.problems);
    const { numWorkers, views } = this.settings;
    const loader = new ViewLoader({
      images,
      views: trainingViews(views, training),
      maker: "first",
      maxImageBytes: Infinity,
      seed,
      batchSize,
      numWorkers,
      cacheBytes: CACHE_BYTES,
    });
    try {
      const steps = epochs * loader.batchesPerEpoch;
      for (let step = 0; step < steps; step++) {
        const batch = await loader.next();
        this.#skip(batch.errors);
        const pixels = joined(batch.items.map((item) => (item as RenderedItem).views));
        const truth = Uint32Array.from(batch.indices, (index) => labels[index]);
        const layers = await this.#look(pixels, batch.images);
        this.sweep.step(this.#inputsOf(layers), truth, cosineSchedule(step, steps + 1, 1, 0));
        this.onViews(batchSize);
      }
    } finally {
      loader.close();
    }
  }

  /**
   * How right classifiers are on images, of which nothing is random.
   *
   * @param key What errors call the images.
   * @param only The one classifier that is wanted; all if left out.
   * @throws {DataError} If none of the images can be read.
   */
  async judge(key: string, { images, labels }: LabelledImages, only?: number): Promise<Judged> {
    const count = this.inputs.length * this.sweep.shape.learningRates.length;
    const wanted = only === undefined ? Array.from({ length: count }, (_, i) => i) : [only];
    const tallies = new Map(wanted.map((classifier) => [classifier, new GuessTally()]));
    const truth: number[] = [];
    this.skipped.push(...images.problems);
    const options = { ...this.settings, layers: this.#blocks, tokens: this.#tokens };
    for await (const { indices, layers, errors } of imageFeatures(this.model, images, options)) {
      this.#skip(errors);
      this.onViews(indices.length + errors.length);
      if (indices.length === 0) continue;
      const logits = await this.sweep.logits(this.#inputsOf(layers), only);
      for (const [classifier, tally] of tallies) {
        indices.forEach((index, image) => tally.add(logits(classifier, image), labels[index]));
      }
      truth.push(...indices.map((index) => labels[index]));
    }
    if (truth.length === 0) throw noneReadable(`evaluate the images of ${key}`, this.skipped);
    const guessed: Guessed[] = [];
    for (const [classifier, tally] of tallies) guessed[classifier] = tally.result;
    return { guessed, truth: Uint32Array.from(truth) };
  }

  /** How many of the last blocks are seen. */
  get #blocks(): number {
    return Math.max(...this.inputs.map(({ blocks }) => blocks));
  }

  /** What is seen of them. */
  get #tokens(): "cls" | "cls+mean" {
    return this.inputs.some(({ mean }) => mean) ? "cls+mean" : "cls";
  }

  async #look(pixels: Float32Array, names: readonly string[]): Promise<Features[]> {
    const shape = { images: names.length, size: this.settings.views.image_size };
    const layers = await this.model.getIntermediateLayers(pixels, shape, {
      n: this.#blocks,
      patches: patchesFor(this.#tokens),
    });
    for (const layer of layers) assertFinite(layer, names);
    return layers;
  }

  /** What the classifiers of each input see. */
  #inputsOf(layers: readonly Features[]): Float32Array[] {
    const { embedDim } = this.model.config;
    return this.inputs.map((each) => linearInputs(layers, each, embedDim));
  }

  #skip(errors: readonly { path: string; message: string }[]): void {
    this.skipped.push(...errors.map(({ path, message }) => ({ name: path, message })));
  }
}

/** A random part of the image, mirrored by chance: nothing else is changed. */
function trainingViews(
  views: PlainArgs,
  { min_scale, flip }: Pick<LinearTraining, "min_scale" | "flip">,
): TransformArgs {
  return {
    ...DEFAULT_TRANSFORM_ARGS,
    ...views,
    random_resize: { min_scale, max_scale: 1 },
    random_flip: { horizontal_prob: flip, vertical_prob: 0 },
    color_jitter: null,
    random_gray_scale: null,
    gaussian_blur: null,
    global_view_1: null,
    local_view: null,
  };
}

function joined(views: readonly Float32Array[]): Float32Array {
  const length = views[0].length;
  const all = new Float32Array(views.length * length);
  views.forEach((view, i) => all.set(view, i * length));
  return all;
}
