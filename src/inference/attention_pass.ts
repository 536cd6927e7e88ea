import { ConfigError } from "../config/config_error.ts";
import type { OpenDevice } from "../gpu/device.ts";
import { assertFits, PlanRecorder } from "../gpu/plan.ts";
import { PlanRunner } from "../gpu/runner.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { packCrops } from "../model/crops.ts";
import type { VisionTransformer } from "../model/vision_transformer.ts";
import { PASS_REMEDIES, type PassShape } from "./forward_pass.ts";

/** What the class tokens of images attend to. */
export interface ClassAttention {
  /**
   * Of each patch, head by head, `[images, numHeads, rows · columns]`, patch rows from the top. What
   * is missing to 1 in a row goes to the class token itself and to registers.
   */
  weights: Float32Array;
  /** Patch rows and columns. */
  grid: readonly [rows: number, columns: number];
}

/**
 * The place of the block that is asked for: the last unless one is named.
 *
 * @throws {ConfigError} If there is no such block.
 */
export function attentionBlock(block: number | null | undefined, depth: number): number {
  const place = block ?? depth - 1;
  if (Number.isInteger(place) && place >= 0 && place < depth) return place;
  const message = `must be the place of one of the model's blocks, 0 to ${depth - 1}, got ${block}`;
  throw new ConfigError([{ key: "block", message }]);
}

/** The way of images to the attention of one block, recorded once. */
export class AttentionPass implements Disposable {
  readonly #runner: PlanRunner;
  readonly #images: Tensor; // [B, C, H, W]
  readonly #weights: Tensor; // [B, numHeads, 1 + R + N]
  readonly #grid: readonly [number, number];

  private constructor(
    runner: PlanRunner,
    images: Tensor,
    weights: Tensor,
    grid: readonly [number, number],
  ) {
    this.#runner = runner;
    this.#images = images;
    this.#weights = weights;
    this.#grid = grid;
  }

  /** @throws {GpuError} If the pass does not fit the adapter. */
  static async build(
    open: OpenDevice,
    backbone: VisionTransformer,
    { images: count, size }: PassShape,
    block: number,
  ): Promise<AttentionPass> {
    const model = backbone.config;
    const recorder = new PlanRecorder(open.facts);
    const images = recorder.keep("images", [count, model.inChans, ...size], "images");
    const packing = packCrops(recorder, model, [{ name: "global", crops: count, size, images }]);
    const [{ tokens, grid }] = packing.groups;
    const shape = [count, model.numHeads, tokens];
    const weights = recorder.keep("state", shape, `blocks.${block}.class_attention`);
    recorder.phase("forward");
    backbone.classAttention(recorder, packing, block, weights);
    const plan = recorder.finish();
    assertFits(plan, undefined, PASS_REMEDIES);
    return new AttentionPass(await PlanRunner.build(plan, open), images, weights, grid);
  }

  /** @param pixels Normalized, `[images, C, H, W]`. */
  async run(pixels: Float32Array): Promise<ClassAttention> {
    this.#runner.write(this.#images, pixels);
    this.#runner.run("forward");
    const all = await this.#runner.download(this.#weights);
    const [images, heads, tokens] = this.#weights.shape;
    const patches = this.#grid[0] * this.#grid[1];
    const weights = new Float32Array(images * heads * patches);
    for (let row = 0; row < images * heads; row++) {
      const end = (row + 1) * tokens; // patches come last
      weights.set(all.subarray(end - patches, end), row * patches);
    }
    return { weights, grid: this.#grid };
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }
}
