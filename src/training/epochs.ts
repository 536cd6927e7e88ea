/** The epoch, counted from 0, that an optimizer step belongs to. */
export type EpochAt = (step: number) => number;

/**
 * Counts the epochs of a run.
 *
 * @param batchesPerEpoch Forward and backward passes of an epoch, of which a step has some.
 */
export function countEpochs(accumulationSteps: number, batchesPerEpoch: number): EpochAt {
  return (step) => Math.floor(step * accumulationSteps / batchesPerEpoch);
}
