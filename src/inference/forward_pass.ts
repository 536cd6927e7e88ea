import type { OpenDevice } from "../gpu/device.ts";
import { assertFits, PlanRecorder } from "../gpu/plan.ts";
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

/** The tokens of images after the final norm; `images` first, then what the shapes say. */
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

/** A network's forward pass over images of one shape, recorded once. */
export class ForwardPass implements Disposable {
  readonly #runner: PlanRunner;
  readonly #images: Tensor; // [B, C, H, W]
  readonly #parts: { cls: Tensor; registers: Tensor; patches: Tensor };
  readonly #grid: readonly [number, number];

  private constructor(
    runner: PlanRunner,
    images: Tensor,
    parts: { cls: Tensor; registers: Tensor; patches: Tensor },
    grid: readonly [number, number],
  ) {
    this.#runner = runner;
    this.#images = images;
    this.#parts = parts;
    this.#grid = grid;
  }

  /** @throws {GpuError} If the pass does not fit the adapter. */
  static async build(
    open: OpenDevice,
    backbone: VisionTransformer,
    { images: count, size }: PassShape,
  ): Promise<ForwardPass> {
    const model = backbone.config;
    const recorder = new PlanRecorder(open.facts);
    const images = recorder.keep("images", [count, model.inChans, ...size], "images");
    const packing = packCrops(recorder, model, [{ name: "global", crops: count, size, images }]);
    const [{ tokens: perImage, grid }] = packing.groups;
    recorder.phase("forward");
    const [tokens] = backbone.forward(recorder, packing, {
      masks: null,
      dropPath: null,
      keep: false,
    });
    const part = (name: string, first: number, length: number) => {
      const rows = rowTable(count, perImage, first, length);
      const into = recorder.keep("state", [rows.length, model.embedDim], name);
      gatherRows(recorder, tokens, recorder.constant(rows, [rows.length], `${name}.rows`), into);
      return into;
    };
    const registers = model.numRegisterTokens;
    const parts = {
      cls: part("cls_token", 0, 1),
      registers: part("reg_tokens", 1, registers),
      patches: part("patch_tokens", 1 + registers, grid[0] * grid[1]),
    };
    const plan = recorder.finish();
    assertFits(plan);
    return new ForwardPass(await PlanRunner.build(plan, open), images, parts, grid);
  }

  /**
   * @param pixels Normalized, `[images, C, H, W]`.
   * @param wantsPatches Patch tokens are hundreds of times the rest: they come back where asked for.
   */
  async run(pixels: Float32Array, wantsPatches: boolean): Promise<Features> {
    this.#runner.write(this.#images, pixels);
    this.#runner.run("forward");
    const { cls, registers, patches } = this.#parts;
    return {
      clsToken: await this.#runner.download(cls),
      regTokens: await this.#runner.download(registers),
      patchTokens: wantsPatches ? await this.#runner.download(patches) : new Float32Array(),
      grid: this.#grid,
    };
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }
}

/** The same few tokens of every image, counted in the packed tokens of all. */
function rowTable(images: number, perImage: number, first: number, length: number) {
  return Uint32Array.from(
    { length: images * length },
    (_, i) => Math.floor(i / length) * perImage + first + i % length,
  );
}
