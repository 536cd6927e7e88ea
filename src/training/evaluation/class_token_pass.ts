import type { NetworkName } from "../../config/evaluation_metrics.ts";
import type { Recorder } from "../../gpu/recorder.ts";
import type { PlanRunner } from "../../gpu/runner.ts";
import { elementCount, type Tensor, view } from "../../gpu/tensor.ts";
import { castWorking } from "../../layers/parameter.ts";
import { packCrops, type Packing } from "../../model/crops.ts";
import { gatherRows } from "../../ops/gather_rows.ts";
import type { TrainStep } from "../step.ts";

/** Images at once, where a step has as many: more would only take the host's memory. */
const MOST_IMAGES = 64;

/** The phase in which a network looks at images; a step has nothing to do with it. */
export function evaluationPhase(network: NetworkName): string {
  return `evaluate.${network}`;
}

/** Whether a phase is one of those: then it is no part of a step. */
export function isEvaluation(phase: string): boolean {
  return phase.startsWith("evaluate.");
}

/**
 * Class tokens of images between two steps: the weights are those that are trained, in their
 * place, and images and activations take the memory of the step's global views and activations.
 */
export class ClassTokenPass {
  /** Images at once. */
  readonly batchSize: number;
  readonly embedDim: number;
  readonly #images: Tensor; // [E, C, H, W], of the global views
  readonly #packing: Packing;
  readonly #table: Tensor; // [E]
  readonly #clsTokens: Tensor; // [E, D]

  constructor(gpu: Recorder, readonly step: TrainStep) {
    const { globalViews, shape: { model, batchSize, globalSize } } = step;
    const crops = Math.min(MOST_IMAGES, 2 * batchSize);
    [this.batchSize, this.embedDim] = [crops, model.embedDim];
    this.#images = view(globalViews, [crops, ...globalViews.shape.slice(1)]);
    const group = { name: "global" as const, crops, size: globalSize, images: this.#images };
    this.#packing = packCrops(gpu, model, [group]);
    const [{ tokens }] = this.#packing.groups;
    const rows = Uint32Array.from({ length: crops }, (_, i) => i * tokens);
    this.#table = gpu.constant(rows, [crops], "evaluation.rows");
    const shape = [crops, model.embedDim];
    this.#clsTokens = gpu.keep("state", shape, "evaluation.cls_tokens", gpu.elem);
  }

  /** Records (or, on a live device, runs) the forward pass of a network. */
  record(gpu: Recorder, network: NetworkName): void {
    const options = { masks: null, dropPath: null, keep: false };
    const { buffers, [network]: { backbone } } = this.step.networks;
    castWorking(gpu, buffers, network); // the step before has changed the weights
    const [tokens] = backbone.forward(gpu, this.#packing, options);
    gatherRows(gpu, tokens, this.#table, this.#clsTokens);
  }

  /**
   * @param pixels Normalized, `[images, C, H, W]` of at most `batchSize` images.
   * @returns `[images, D]` of each of the networks, in their order.
   */
  async run(
    runner: PlanRunner,
    pixels: Float32Array,
    networks: readonly NetworkName[],
  ): Promise<Float32Array[]> {
    const images = pixels.length / elementCount(this.#images.shape.slice(1));
    const found: Float32Array[] = [];
    runner.write(this.#images, pixels);
    for (const network of networks) {
      runner.run(evaluationPhase(network));
      const tokens = await runner.download(this.#clsTokens);
      found.push(tokens.subarray(0, images * this.embedDim));
    }
    return found;
  }
}
