import { viewChannels } from "../config/view_channels.ts";
import type { DrawnItem, Item, RenderedItem } from "../data/item.ts";
import { normalizedLevels } from "../views/normalize.ts";
import { hasColors, type TransformArgs, viewSpecs } from "../views/view_spec.ts";
import {
  NO_IMAGE,
  placeImage,
  recordWords,
  TAP_WORDS,
  type ViewRecords,
} from "../views/view_table.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { elementCount, type Tensor } from "../gpu/tensor.ts";
import type { StepRunner } from "../gpu/timed_runner.ts";
import { renderViews, type ViewChanges } from "../ops/render_views.ts";
import type { ViewGroup } from "../ops/view_table.ts";
import type { TrainStep } from "./step.ts";

/** The phase in which the GPU makes views. */
export const VIEW_PHASE = "views";

/** Brings the views of a micro-batch into the step's input. */
export interface ViewInput {
  /** Writes and submits; nothing waits for the GPU, unless the runner does. */
  submit(runner: StepRunner, items: readonly Item[]): void | Promise<void>;
}

/** Views that worker threads made. */
export class UploadedViews implements ViewInput {
  constructor(readonly step: TrainStep) {}

  submit(runner: StepRunner, items: readonly Item[]): void {
    const { globalViews, localViews, shape } = this.step;
    const [global, local] = [globalViews, localViews].map((views) =>
      elementCount(views.shape.slice(1))
    );
    (items as readonly RenderedItem[]).forEach(({ views }, image) => {
      for (let view = 0; view < 2 + shape.localViews; view++) {
        const isGlobal = view < 2;
        const [tensor, length] = isGlobal ? [globalViews, global] : [localViews, local];
        const start = isGlobal ? view * global : 2 * global + (view - 2) * local;
        const crop = (isGlobal ? view : view - 2) * shape.batchSize + image;
        runner.write(tensor, views.subarray(start, start + length), crop * length);
      }
    });
  }
}

/** Images of a micro-batch that one upload should hold, at this size each. */
const USUAL_IMAGE_BYTES = 2 ** 20;

/** The upload's size: at least this, so that one large image fits, and at most the other. */
const UPLOAD_BYTES = [64 * 2 ** 20, 256 * 2 ** 20];

/** A group of views of one size, with the host's copy of its tables. */
interface HostGroup extends ViewGroup {
  words: number;
  tapWords: number;
  hostTable: Uint32Array<ArrayBuffer>;
  hostTaps: Uint32Array<ArrayBuffer>;
  changes: ViewChanges;
  out: Tensor;
}

/**
 * Views that the GPU makes: images go up as bytes, with a table of what was drawn for each view.
 *
 * Images that do not fit one upload together are made in several rounds; each leaves the views of
 * the other images alone.
 */
export class GpuViews implements ViewInput {
  /** Most bytes that one image may have. */
  readonly capacityBytes: number;
  readonly #images: Tensor; // [words]
  readonly #levels: Tensor; // [channels, 256]
  readonly #groups: HostGroup[];

  constructor(gpu: Recorder, step: TrainStep, args: TransformArgs) {
    const { batchSize, localViews } = step.shape;
    const [least, most] = UPLOAD_BYTES;
    const { maxBindingBytes, maxBufferBytes } = gpu.adapter;
    const wanted = Math.min(most, Math.max(least, batchSize * USUAL_IMAGE_BYTES));
    this.capacityBytes = Math.min(wanted, maxBindingBytes, maxBufferBytes) & ~3;
    this.#images = gpu.keep("images", [this.capacityBytes / 4], "image_bytes", "u32");
    const levels = normalizedLevels(args.normalize);
    this.#levels = gpu.constant(levels, [levels.length / 256, 256], "levels");
    const { globals, locals } = viewSpecs(args);
    this.#groups = [hostGroup(gpu, "global", batchSize, args, globals, step.globalViews)];
    if (localViews > 0) {
      this.#groups.push(hostGroup(gpu, "local", batchSize, args, locals, step.localViews));
    }
  }

  /** Records (or, on a live device, runs) the making of all views. */
  record(gpu: Recorder): void {
    for (const group of this.#groups) {
      renderViews(gpu, this.#images, this.#levels, group, group.out, group.changes);
    }
  }

  async submit(runner: StepRunner, items: readonly Item[]): Promise<void> {
    const drawn = items as readonly DrawnItem[];
    for (const round of this.#rounds(drawn)) {
      for (const group of this.#groups) group.hostTable.fill(NO_IMAGE);
      let byte = 0;
      for (const image of round) {
        this.#place(drawn[image], image, byte);
        byte += this.#upload(runner, drawn[image], byte);
      }
      for (const { table, hostTable, taps, hostTaps } of this.#groups) {
        runner.write(table, hostTable);
        runner.write(taps, hostTaps);
      }
      await runner.run(VIEW_PHASE);
    }
  }

  /** Places of the images that fit one upload each. */
  #rounds(items: readonly DrawnItem[]): number[][] {
    const rounds: number[][] = [];
    let free = 0;
    items.forEach(({ image: { pixels } }, place) => {
      const size = pixels.buffer.byteLength;
      if (size > free) {
        rounds.push([]);
        free = this.capacityBytes;
      }
      rounds[rounds.length - 1].push(place);
      free -= size;
    });
    return rounds;
  }

  /** Copies the records of an image to their places in the tables. */
  #place({ global, local }: DrawnItem, image: number, byte: number): void {
    this.#groups.forEach((group, i) => {
      const records: ViewRecords = i === 0 ? global : local;
      const { words, tapWords, images, views, hostTable, hostTaps } = group;
      for (let view = 0; view < views; view++) {
        const crop = view * images + image;
        const record = records.table.subarray(view * words, (view + 1) * words);
        hostTable.set(record, crop * words);
        placeImage(hostTable, crop, words, byte);
        hostTaps.set(
          records.taps.subarray(view * tapWords, (view + 1) * tapWords),
          crop * tapWords,
        );
      }
    });
  }

  /** Writes the bytes of an image, which may be shared with other threads; returns how many. */
  #upload(runner: StepRunner, { image: { pixels } }: DrawnItem, byte: number): number {
    const words = new Uint32Array(pixels.buffer);
    runner.write(this.#images, words, byte / 4);
    return words.byteLength;
  }
}

function hostGroup(
  gpu: Recorder,
  name: string,
  images: number,
  args: TransformArgs,
  specs: ReturnType<typeof viewSpecs>["locals"],
  out: Tensor,
): HostGroup {
  const [views, size, words] = [specs.length, specs[0].size, recordWords(specs)];
  const [crops, positions] = [images * views, size[0] + size[1]];
  return {
    table: gpu.keep("inputs", [crops, words], `view_table.${name}`, "u32"),
    taps: gpu.keep("inputs", [crops, positions, TAP_WORDS], `view_taps.${name}`, "u32"),
    images,
    views,
    size,
    channels: args.num_channels,
    kept: viewChannels(args),
    words,
    tapWords: positions * TAP_WORDS,
    hostTable: new Uint32Array(crops * words),
    hostTaps: new Uint32Array(crops * positions * TAP_WORDS),
    changes: {
      rotates: args.random_rotation !== null,
      changesColor: hasColors(args) &&
        (args.color_jitter !== null || args.random_gray_scale !== null),
    },
    out,
  };
}
