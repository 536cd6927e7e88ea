import { holdOut } from "./hold_out.ts";
import { type LabelledImages, labelledSets, type LabelSources } from "./labelled_sets.ts";

/** Images to train classifiers on, to choose among them by, and to judge the chosen one on. */
export interface ProbeSets {
  classes: readonly string[];
  train: LabelledImages;
  val: LabelledImages;
  test: LabelledImages | null;
  /** Whether `val` was held out of the images that were given to train on. */
  isHeldOut: boolean;
}

/**
 * Finds the sets of a probe. Without images to choose by, some are held out of `train`, so that
 * nothing is ever chosen by `test`.
 *
 * @throws {DataError} If a set has no images or labels that fit, or none can be held out.
 */
export async function probeSets(
  options: LabelSources & {
    val: string | null;
    test: string | null;
    val_share: number;
    seed: number;
  },
  onMessage?: (message: string) => void,
): Promise<ProbeSets> {
  const { classes, train: all, val, test } = await labelledSets(options, onMessage);
  if (val !== null) return { classes, train: all, val, test, isHeldOut: false };
  const { kept, held } = holdOut(all, { share: options.val_share, seed: options.seed });
  return { classes, train: kept, val: held, test, isHeldOut: true };
}
