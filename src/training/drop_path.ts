import type { ModelConfig } from "../config/model_config.ts";
import type { RowScale } from "../layers/residual.ts";
import type { Sequences } from "../ops/sequences.ts";
import { randomStream } from "../random.ts";
import type { StepInputs } from "./step_inputs.ts";
import type { StepShape } from "./step_shape.ts";

/** Above this rate a fixed number of sequences is dropped, below it each one by chance. */
const SUBSET_ABOVE = 0.1;
const BRANCHES = [0, 1] as const;

/** Reserves the drop-path factors of every branch, one per sequence. */
export function addDropPathInputs(inputs: StepInputs, shape: StepShape): void {
  if (shape.model.dropPathRate === 0) return;
  const sequences = (2 + shape.localViews) * shape.batchSize;
  for (let block = 0; block < shape.model.depth; block++) {
    for (const branch of BRANCHES) inputs.add(entryName(block, branch), [sequences]);
  }
}

/** The drop-path factors as the blocks take them; null where nothing is ever dropped. */
export function dropPathScales(
  inputs: StepInputs,
  { model }: StepShape,
  { sequenceOfToken }: Sequences,
): (readonly [RowScale, RowScale])[] | null {
  if (model.dropPathRate === 0) return null;
  const factor = (block: number, branch: number) => ({
    sequenceOfToken,
    scale: inputs.tensor(entryName(block, branch)),
  });
  return Array.from({ length: model.depth }, (_, i) => [factor(i, 0), factor(i, 1)] as const);
}

/** Draws the factors of a micro-batch: a pure function of seed, step and micro-batch. */
export function drawDropPath(
  inputs: StepInputs,
  { model, batchSize, localViews }: StepShape,
  seed: number,
  step: number,
  microBatch: number,
): void {
  if (model.dropPathRate === 0) return;
  for (let block = 0; block < model.depth; block++) {
    for (const branch of BRANCHES) {
      const stream = randomStream(seed, "drop path", step, microBatch, block, branch);
      const rate = dropPathRate(model, block);
      const draw = (crops: number) => dropPathFactors(crops, rate, stream);
      const factors = [...draw(2 * batchSize), ...draw(localViews * batchSize)];
      inputs.set(entryName(block, branch), factors);
    }
  }
}

/** Rate of one block: the same in all, or rising linearly from 0. */
export function dropPathRate(model: ModelConfig, block: number): number {
  const { dropPathRate: rate, dropPathUniform, depth } = model;
  return dropPathUniform || depth === 1 ? rate : (rate * block) / (depth - 1);
}

/**
 * Factors of a branch for crops of one size.
 *
 * As in the reference: above a rate of 0.1 a random subset of `floor(crops · (1 − rate))` crops, at
 * least one, is kept and scaled by `crops / kept`; up to 0.1 each crop is kept by chance and scaled
 * by `1 / (1 − rate)`.
 */
export function dropPathFactors(
  crops: number,
  rate: number,
  stream: { permutation(n: number): Uint32Array; bool(p: number): boolean },
): Float32Array {
  const factors = new Float32Array(crops);
  if (crops === 0) return factors;
  if (rate === 0) return factors.fill(1);
  if (rate <= SUBSET_ABOVE) {
    return factors.map(() => stream.bool(1 - rate) ? 1 / (1 - rate) : 0);
  }
  const kept = Math.max(Math.floor(crops * (1 - rate)), 1);
  for (const crop of stream.permutation(crops).subarray(0, kept)) factors[crop] = crops / kept;
  return factors;
}

function entryName(block: number, branch: number): string {
  return `drop_path.${block}.${branch}`;
}
