import { maxMaskedPatches } from "../views/masks.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison } from "./comparison.ts";
import {
  MASK_SEEDS,
  maskStatistics,
  type RecordedMasks,
  recordedSettings,
} from "./mask_statistics.ts";

/** Standard errors that a statistic of our masks may be off. */
const ERRORS = 3;

/**
 * The same for the frequency of each patch. There are 577 of them: at 4.5 one passes by chance for
 * every 250th choice of seeds. No χ² instead, for neighbours are masked together.
 */
const PATCH_ERRORS = 4.5;

/** Compares the statistics of 10,000 batches of masks with the recorded ones, which vary too. */
export function replayMasking(_gpu: Gpu, golden: GoldenCase, comparison: Comparison): void {
  const sets: RecordedMasks[] = golden.json.sets;
  for (const [number, set] of sets.entries()) {
    const name = `${golden.name}.sets[${number}]`;
    const { counts, ranks, positions, largest } = maskStatistics(set, MASK_SEEDS[number]);
    for (const count of counts) {
      comparison.checkSampled(`${name}.${count.name}`, [count], ERRORS);
    }
    comparison.checkSampled(`${name}.masked patches by rank`, ranks, ERRORS);
    comparison.checkSampled(`${name}.frequency of patches`, positions, PATCH_ERRORS);
    const bound = maxMaskedPatches(recordedSettings(set));
    const over = (masked: number) => [Math.max(0, masked - bound)];
    comparison.check(`${name}.masked patches over the bound`, over(largest), [0], {});
    for (const tensor of golden.names().filter((name) => name.startsWith(`example${number}_`))) {
      const masked = golden.i32(tensor).reduce((sum, patch) => sum + patch, 0);
      comparison.check(`${golden.name}.${tensor} over the bound`, over(masked), [0], {});
    }
  }
}
