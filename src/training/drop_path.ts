import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { DropPath } from "../layers/block.ts";
import { rowSubset, sequencePlaces } from "../ops/row_subset.ts";
import { makeSequences, type Sequences } from "../ops/sequences.ts";
import { randomStream } from "../random.ts";
import type { StepInputs } from "./step_inputs.ts";
import { type StepShape, tokensPerCrop } from "./step_shape.ts";

/** Above this rate a fixed number of sequences is dropped, below it each one by chance. */
const SUBSET_ABOVE = 0.1;
const BRANCHES = [0, 1] as const;

/** For every block the sequences that its branches work on, packed; null where none is dropped. */
export type KeptSequences = readonly (Sequences | null)[];

/** Reserves, for every branch that drops any, the place and the factor of each sequence. */
export function addDropPathInputs(inputs: StepInputs, shape: StepShape): void {
  const { global, local } = cropsOf(shape);
  for (const block of droppingBlocks(shape.model)) {
    for (const branch of BRANCHES) inputs.add(entryName(block, branch), [global + local, 2], "u32");
  }
}

/**
 * How many sequences of each size the branches of a block work on: a fixed number, so that shapes
 * are static, though not always the same ones.
 */
export function keptSequences(gpu: Recorder, shape: StepShape): KeptSequences {
  const { model } = shape;
  const crops = cropsOf(shape);
  const packings = new Map<string, Sequences>(); // one for all blocks that keep as many
  return Array.from({ length: model.depth }, (_, block) => {
    const rate = dropPathRate(model, block);
    if (rate === 0) return null;
    const [global, local] = [computedCrops(crops.global, rate), computedCrops(crops.local, rate)];
    const label = `sequences.${global}+${local} kept`;
    let packing = packings.get(label);
    if (!packing) {
      packing = makeSequences(gpu, lengthsOf({ global, local }, shape), label);
      packings.set(label, packing);
    }
    return packing;
  });
}

/** Drop path of every block, as a micro-batch draws it; null where nothing is ever dropped. */
export function dropPathOf(
  gpu: Recorder,
  inputs: StepInputs,
  sequences: Sequences,
  kept: KeptSequences,
): (readonly [DropPath, DropPath] | null)[] {
  return kept.map((packing, block) => {
    if (!packing) return null;
    const drop = (branch: number): DropPath => {
      const places = inputs.tensor(entryName(block, branch));
      const subset = rowSubset(gpu, sequences, places, packing.totalTokens);
      return { subset, sequences: packing };
    };
    return [drop(0), drop(1)];
  });
}

/** Draws what a micro-batch drops: a pure function of seed, step and micro-batch. */
export function drawDropPath(
  inputs: StepInputs,
  shape: StepShape,
  seed: number,
  step: number,
  microBatch: number,
): void {
  const { model } = shape;
  const crops = cropsOf(shape);
  const lengths = lengthsOf(crops, shape);
  for (const block of droppingBlocks(model)) {
    for (const branch of BRANCHES) {
      const stream = randomStream(seed, "drop path", step, microBatch, block, branch);
      const rate = dropPathRate(model, block);
      const draw = (crops: number) => dropPathFactors(crops, rate, stream);
      const drawn = [...draw(crops.global), ...draw(crops.local)];
      const factors = drawn.map((factor) => isComputed(factor, rate) ? factor : null);
      inputs.set(entryName(block, branch), sequencePlaces(factors, lengths));
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
  const kept = computedCrops(crops, rate);
  for (const crop of stream.permutation(crops).subarray(0, kept)) factors[crop] = crops / kept;
  return factors;
}

/** A crop that is dropped by chance is computed all the same: their number varies. */
function isComputed(factor: number, rate: number): boolean {
  return factor !== 0 || rate <= SUBSET_ABOVE;
}

/** Of so many crops of one size, how many a branch computes: the kept ones where it is a subset. */
function computedCrops(crops: number, rate: number): number {
  if (crops === 0 || rate <= SUBSET_ABOVE) return crops;
  return Math.max(Math.floor(crops * (1 - rate)), 1);
}

/** A number of crops of each size. */
interface Crops {
  global: number;
  local: number;
}

function cropsOf({ batchSize, localViews }: StepShape): Crops {
  return { global: 2 * batchSize, local: localViews * batchSize };
}

/** Tokens of each of so many crops, in the order they are packed in. */
function lengthsOf(crops: Crops, shape: StepShape): number[] {
  const tokens = tokensPerCrop(shape);
  const of = (size: keyof Crops) => new Array<number>(crops[size]).fill(tokens[size]);
  return [...of("global"), ...of("local")];
}

function droppingBlocks(model: ModelConfig): number[] {
  return [...Array(model.depth).keys()].filter((block) => dropPathRate(model, block) > 0);
}

function entryName(block: number, branch: number): string {
  return `drop_path.${block}.${branch}`;
}
