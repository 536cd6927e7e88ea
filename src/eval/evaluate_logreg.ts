import { checkOptions } from "../config/check_options.ts";
import type { EvalHooks } from "./eval_hooks.ts";
import type { Accuracy } from "./guess_tally.ts";
import { type LabelledVectors, labelledVectors } from "./labelled_vectors.ts";
import { fitLogreg, type Labelled, type LogregFit } from "./logreg.ts";
import { type LogregInput, LogregOptions } from "./probe_options.ts";
import { bestOf, type ProbeReport, probeReport } from "./probe_report.ts";
import { probeSets } from "./probe_sets.ts";

/** A classifier of the sweep. */
export interface LogregRow extends Accuracy {
  /** Inverse strength of the penalty, as scikit-learn's C. */
  c: number;
  /** Steps of L-BFGS. */
  iterations: number;
  /** Whether they were enough. */
  converged: boolean;
}

/** How good features are by what logistic regression makes of them. */
export interface LogregReport extends ProbeReport<LogregRow> {
  /** Of the best, where it is judged. */
  logreg: Accuracy;
}

/**
 * Fits logistic regression to frozen features, each image seen once, with penalties of several
 * strengths: quicker than `evaluateLinear`, and nothing in it depends on a learning rate. The
 * strength is chosen on images that were not fitted; then all images of `train` are fitted with it,
 * and others are judged if there are any.
 *
 * @example
 * ```ts
 * import { evaluateLogreg } from "./evaluate_logreg.ts";
 *
 * async function accuracy(run: string) {
 *   const folders = { train: "photos/train", test: "photos/test" };
 *   const { logreg, best } = await evaluateLogreg({ checkpoint: run, ...folders });
 *   return [logreg.top1, best.c];
 * }
 * ```
 *
 * @throws {ConfigError} Lists every problem of the options.
 * @throws {DataError} If a folder holds no readable image, or its images have no classes.
 * @throws {CheckpointError} If there is no backbone to be read.
 * @throws {GpuError} If there is no adapter, or a batch or the features do not fit it.
 */
export async function evaluateLogreg(
  options: LogregInput,
  hooks: EvalHooks = {},
): Promise<LogregReport> {
  const checked = checkOptions(LogregOptions, options);
  const sets = await probeSets(checked, hooks.onMessage);
  const { classes, isHeldOut, train, val, test } = sets;
  const { found, imagesPerSecond } = await labelledVectors(checked, { train, val, test }, hooks);
  const settings = {
    classes: classes.length,
    maxIterations: checked.max_iterations,
    accelerator: checked.accelerator,
    kernels: checked.kernels,
  };
  const cs = checked.c.toSorted((a, b) => a - b);
  const total = cs.length + (test === null ? 0 : 1);
  const onFits = (done: number) => hooks.onFits?.(done, total);
  const fits = await fitLogreg(found.train, found.val, cs, { ...settings, onFits });
  const sweep = fits.map(rowOf);
  const best = bestOf(sweep);
  let chosen: { fit: LogregFit; on: LabelledVectors } = {
    fit: fits[sweep.indexOf(best)],
    on: found.val,
  };
  if (found.test !== null) {
    const all = isHeldOut ? joined(found.train, found.val) : found.train;
    const start = chosen.fit.x;
    const [fit] = await fitLogreg(all, found.test, [best.c], { ...settings, start });
    onFits(total);
    chosen = { fit, on: found.test };
  }
  const { guessed } = chosen.fit;
  return {
    logreg: { top1: guessed.top1, top5: guessed.top5 },
    ...probeReport(sets, {
      sweep,
      best,
      guessed,
      truth: chosen.on.labels,
      imagesPerSecond,
      skipped: Object.values(found).flatMap((set) => set?.skipped ?? []),
    }),
  };
}

function rowOf({ c, iterations, converged, guessed: { top1, top5 } }: LogregFit): LogregRow {
  return { c, top1, top5, iterations, converged };
}

function joined(a: Labelled, b: Labelled): Labelled {
  const values = new Float32Array(a.values.length + b.values.length);
  values.set(a.values);
  values.set(b.values, a.values.length);
  return { values, width: a.width, labels: Uint32Array.from([...a.labels, ...b.labels]) };
}
