import { checkOptions } from "../config/check_options.ts";
import { ConfigError } from "../config/config_error.ts";
import { featureSettings } from "./eval_options.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import type { Accuracy } from "./guess_tally.ts";
import type { LabelledImages } from "./labelled_sets.ts";
import { inputWidth, type LinearInputs } from "./linear_inputs.ts";
import { LinearProbe, viewsSeen } from "./linear_probe.ts";
import { LinearSweep } from "./linear_sweep.ts";
import { openBackbone } from "./open_backbone.ts";
import { type LinearInput, LinearOptions } from "./probe_options.ts";
import { bestOf, type ProbeReport, probeReport } from "./probe_report.ts";
import { probeSets } from "./probe_sets.ts";

/** Images of a step that learning rates are meant for. */
const REFERENCE_BATCH_SIZE = 256;

/** Blocks that classifiers see unless told otherwise: the last, and the last four. */
const BLOCKS = [1, 4];

/** A classifier of the sweep: what it sees, and how fast it learns. */
export interface LinearRow extends Accuracy, LinearInputs {
  /** Learning rate for 256 images a step. */
  lr: number;
}

/** How good features are by what linear classifiers make of them. */
export interface LinearReport extends ProbeReport<LinearRow> {
  /** Of the best, where it is judged. */
  linear: Accuracy;
}

/**
 * Trains linear classifiers on frozen features, as DINOv2 evaluates them: of the class tokens of the
 * last block and of the last four, with and without the mean patch token, at many learning rates, all
 * of them at once on the same randomly cut and mirrored images. The best is chosen on images that
 * none of them was trained on, and judged on others if there are any.
 *
 * @example
 * ```ts
 * import { evaluateLinear } from "./evaluate_linear.ts";
 *
 * async function accuracy(run: string) {
 *   const folders = { train: "photos/train", test: "photos/test" };
 *   const { linear, best } = await evaluateLinear({ checkpoint: run, ...folders });
 *   return [linear.top1, best.lr];
 * }
 * ```
 *
 * @throws {ConfigError} Lists every problem of the options.
 * @throws {DataError} If a folder holds no readable image, or its images have no classes.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or a batch or the classifiers do not fit it.
 */
export async function evaluateLinear(
  options: LinearInput,
  { onImages, onDownload, onMessage }: EvalHooks = {},
): Promise<LinearReport> {
  const checked = checkOptions(LinearOptions, options);
  const { lr: rates } = checked;
  const sets = await probeSets(checked, onMessage);
  const find = { onProgress: onDownload, onMessage };
  using backbone = await openBackbone(checked.checkpoint, { ...checked, find });
  const { embedDim, depth } = backbone.model.config;
  const inputs = inputsOf(checked.blocks, depth);
  const training = { ...checked, batchSize: Math.min(checked.batch_size, sizeOf(sets.train)) };
  using sweep = await LinearSweep.open({
    widths: inputs.map((each) => inputWidth(each, embedDim)),
    learningRates: rates.map((rate) => rate * training.batchSize / REFERENCE_BATCH_SIZE),
    classes: sets.classes.length,
    batchSize: checked.batch_size,
  }, checked);
  const total = viewsSeen(sizeOf(sets.train), training) + sizeOf(sets.val) + sizeOf(sets.test);
  let done = 0;
  const onViews = (count: number) => onImages?.(done += count, total);
  const settings = featureSettings(checked, backbone);
  const probe = new LinearProbe(backbone.model, sweep, inputs, settings, onViews);
  const start = performance.now();

  await probe.train(sets.train, training);
  const val = await probe.judge("val", sets.val);
  const rows = val.guessed.map(({ top1, top5 }, i): LinearRow => ({
    ...inputs[Math.floor(i / rates.length)],
    lr: rates[i % rates.length],
    top1,
    top5,
  }));
  const best = bestOf(rows);
  const chosen = rows.indexOf(best);
  const judged = sets.test === null ? val : await probe.judge("test", sets.test, chosen);
  const guessed = judged.guessed[chosen];
  return {
    linear: { top1: guessed.top1, top5: guessed.top5 },
    ...probeReport(sets, {
      sweep: rows,
      best,
      guessed,
      truth: judged.truth,
      imagesPerSecond: total / (performance.now() - start) * 1000,
      skipped: probe.skipped,
    }),
  };
}

function sizeOf(set: LabelledImages | null): number {
  return set?.images.names.length ?? 0;
}

/** @throws {ConfigError} If more blocks are asked for than there are. */
function inputsOf(asked: readonly number[] | null, depth: number): LinearInputs[] {
  const blocks = [...new Set(asked ?? BLOCKS.map((count) => Math.min(count, depth)))];
  const most = Math.max(...blocks);
  if (most > depth) {
    const message = `must be at most the ${depth} blocks of the model, got ${most}`;
    throw new ConfigError([{ key: "blocks", message }]);
  }
  return blocks.flatMap((count) => [false, true].map((mean) => ({ blocks: count, mean })));
}
