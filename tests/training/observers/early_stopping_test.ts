import { equal, throws } from "node:assert/strict";
import { ConfigError } from "../../../src/config/config_error.ts";
import { countEpochs } from "../../../src/training/epochs.ts";
import type { MetricsRow } from "../../../src/training/metrics_file.ts";
import { EarlyStopping } from "../../../src/training/observers/early_stopping.ts";

const ARGS = {
  monitor: "train_loss",
  patience: 2,
  min_delta: 0,
  mode: "min",
  check_finite: true,
} as const;

/** Rows of epochs of two steps, whose losses are 1 above and 1 below these means. */
function rowsOf(means: readonly number[]): MetricsRow[] {
  return means.flatMap((mean, epoch) =>
    [mean + 1, mean - 1].map((train_loss, i) => ({ step: 2 * epoch + i, epoch, train_loss }))
  );
}

function stopping(
  args: ConstructorParameters<typeof EarlyStopping>[0],
  earlier: readonly MetricsRow[] = [],
): EarlyStopping {
  return new EarlyStopping(args, countEpochs(1, 2), ["rare"], earlier);
}

/** The step after whose row there is a reason to stop, and the reason. */
function stopOf(watch: EarlyStopping, rows: readonly MetricsRow[]) {
  for (const row of rows) {
    watch.onStep(row);
    const reason = watch.reasonToStop();
    if (reason !== undefined) return { step: row.step, reason };
  }
}

Deno.test("EarlyStopping ends a run after epochs without an improvement", () => {
  // Epoch 1 is best, 2 and 3 are worse on average, though each has lower losses.
  const stop = stopOf(stopping(ARGS), rowsOf([5, 4, 4.5, 4.25, 1]))!;
  equal(stop.step, 7); // the last of epoch 3
  equal(
    stop.reason,
    "train_loss has not improved for 2 epochs: its best mean is 4.000, of epoch 1",
  );
});

Deno.test("EarlyStopping waits as long as each improvement is large enough", () => {
  const means = [5, 4.5, 4.75, 4.25, 4.5, 3];
  equal(stopOf(stopping(ARGS), rowsOf(means)), undefined);
  const stop = stopOf(stopping({ ...ARGS, min_delta: 0.5 }), rowsOf(means))!;
  equal(stop.step, 5); // 4.5 is not more than 0.5 below 5, and 4.75 is not either
});

Deno.test("EarlyStopping watches for what should grow", () => {
  const stop = stopOf(stopping({ ...ARGS, mode: "max" }), rowsOf([1, 2, 1.5, 1.75, 3]))!;
  equal(
    stop.reason,
    "train_loss has not improved for 2 epochs: its best mean is 2.000, of epoch 1",
  );
});

Deno.test("EarlyStopping ends a run at a value that is not finite, if it is to check", () => {
  const rows = [...rowsOf([5]), { step: 2, epoch: 1, train_loss: NaN }];
  equal(stopOf(stopping(ARGS), rows)?.reason, "train_loss is NaN in step 2");
  equal(stopOf(stopping({ ...ARGS, check_finite: false }), rows), undefined);
});

Deno.test("EarlyStopping decides the same in a resumed run", () => {
  const rows = rowsOf([5, 4, 4.5, 4.25, 1]);
  for (let resumed = 0; resumed < 7; resumed++) {
    const resumedStopping = stopping(ARGS, rows.slice(0, resumed));
    equal(stopOf(resumedStopping, rows.slice(resumed))?.step, 7, `resumed at step ${resumed}`);
  }
  const ended = stopping(ARGS, rows); // told before the first step
  equal(ended.reasonToStop()?.startsWith("train_loss has not improved"), true);
});

Deno.test("EarlyStopping names a metric that there is not", () => {
  const monitor = "train_los";
  throws(
    () => stopping({ ...ARGS, monitor }, rowsOf([1])),
    new ConfigError([{
      key: "callbacks.early_stopping.monitor",
      message: 'must be a metric of the run, got "train_los"; did you mean train_loss?',
    }]),
  );
});

Deno.test("EarlyStopping judges the epochs in which a rare metric was there", () => {
  const rows = rowsOf([0, 0, 0, 0, 0, 0]);
  for (const [step, rare] of [[0, 1], [5, 2], [9, 2]]) rows[step].rare = rare;
  const args = { ...ARGS, monitor: "rare", mode: "max", patience: 1 } as const;
  equal(stopOf(stopping(args), rows)?.step, 9); // the last of epoch 4, as good as epoch 2
});
