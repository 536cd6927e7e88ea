import type { OpenDevice } from "../gpu/device.ts";
import { assertFits, PlanRecorder, type Remedies } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { packCrops } from "../model/crops.ts";
import type { VisionTransformer } from "../model/vision_transformer.ts";
import { gatherRows } from "../ops/gather_rows.ts";

/** How many images of which size go through the network at once. */
export interface PassShape {
  images: number;
  size: readonly [height: number, width: number];
}

/** Blocks whose outputs a pass gives. */
export interface PassLayers {
  /** Places of the blocks, ascending from 0. */
  blocks: readonly number[];
  /** Whether outputs go through the final norm. */
  norm: boolean;
}

/** The tokens of images; `images` first, then what the shapes say. */
export interface Features {
  /** One summary of each image, `[images, embedDim]`. */
  clsToken: Float32Array;
  /** `[images, numRegisterTokens, embedDim]`, empty for a model without registers. */
  regTokens: Float32Array;
  /** `[images, rows · columns, embedDim]`, patch rows from the top; empty if not asked for. */
  patchTokens: Float32Array;
  /** Patch rows and columns. */
  grid: readonly [rows: number, columns: number];
}

/** Where the tokens of one block's output come to lie. */
interface LayerTensors {
  cls: Tensor; // [B, D]
  registers: Tensor; // [B·R, D]
  patches: Tensor; // [B·N, D]
}

/** A network's forward pass over images of one shape, recorded once. */
export class ForwardPass implements Disposable {
  readonly #runner: PlanRunner;
  readonly #images: Tensor; // [B, C, H, W]
  readonly #layers: readonly LayerTensors[];
  readonly #grid: readonly [number, number];

  private constructor(
    runner: PlanRunner,
    images: Tensor,
    layers: readonly LayerTensors[],
    grid: readonly [number, number],
  ) {
    this.#runner = runner;
    this.#images = images;
    this.#layers = layers;
    this.#grid = grid;
  }

  /** @throws {GpuError} If the pass does not fit the adapter. */
  static async build(
    open: OpenDevice,
    backbone: VisionTransformer,
    { images: count, size }: PassShape,
    { blocks, norm }: PassLayers,
  ): Promise<ForwardPass> {
    const model = backbone.config;
    const recorder = new PlanRecorder(open.facts);
    const images = recorder.keep("images", [count, model.inChans, ...size], "images");
    const packing = packCrops(recorder, model, [{ name: "global", crops: count, size, images }]);
    const [{ tokens: perImage, grid }] = packing.groups;
    const registers = model.numRegisterTokens;
    const rows = (name: string, first: number, length: number) => {
      const table = rowTable(count, perImage, first, length);
      return recorder.constant(table, [table.length], name);
    };
    const tables = {
      cls: rows("cls_token", 0, 1),
      registers: rows("reg_tokens", 1, registers),
      patches: rows("patch_tokens", 1 + registers, grid[0] * grid[1]),
    };
    recorder.phase("forward");
    const layers = backbone.intermediateLayers(recorder, packing, blocks).map((x, i) => {
      const tokens = norm ? backbone.norm.forward(recorder, x)[0] : x; // [T, D]
      const part = (table: Tensor) => {
        const label = `blocks.${blocks[i]}.${table.label}`;
        const into = recorder.keep("state", [table.shape[0], model.embedDim], label);
        return gatherRows(recorder, tokens, table, into);
      };
      const { cls, registers, patches } = tables;
      return { cls: part(cls), registers: part(registers), patches: part(patches) };
    });
    const plan = recorder.finish();
    assertFits(plan, undefined, PASS_REMEDIES);
    return new ForwardPass(await PlanRunner.build(plan, open), images, layers, grid);
  }

  /**
   * The tokens of each block that the pass was built for.
   *
   * @param pixels Normalized, `[images, C, H, W]`.
   * @param patches Patch tokens are hundreds of times the rest: they come back where asked for, of
   * all blocks or of the last alone.
   */
  async run(pixels: Float32Array, patches: boolean | "last"): Promise<Features[]> {
    this.#runner.write(this.#images, pixels);
    this.#runner.run("forward");
    const found: Features[] = [];
    for (const [i, layer] of this.#layers.entries()) {
      const isWanted = patches === "last" ? i === this.#layers.length - 1 : patches;
      found.push({
        clsToken: await this.#runner.download(layer.cls),
        regTokens: await this.#runner.download(layer.registers),
        patchTokens: isWanted ? await this.#runner.download(layer.patches) : new Float32Array(),
        grid: this.#grid,
      });
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }
}

/** What to do about a pass that does not fit; options are called as the commands have them. */
export const PASS_REMEDIES: Remedies = {
  batch: "take fewer images at once (lower batch_size), or smaller ones (image_size)",
  model: "take fewer images at once (lower batch_size), or a smaller model",
};

/** The same few tokens of every image, counted in the packed tokens of all. */
function rowTable(images: number, perImage: number, first: number, length: number) {
  return Uint32Array.from(
    { length: images * length },
    (_, i) => Math.floor(i / length) * perImage + first + i % length,
  );
}
