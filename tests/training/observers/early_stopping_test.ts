import { equal, throws } from "node:assert/strict";
import { ConfigError } from "../../../src/config/config_error.ts";
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

/** The step after whose row there is a reason to stop, and the reason. */
function stopOf(stopping: EarlyStopping, rows: readonly MetricsRow[]) {
  for (const row of rows) {
    stopping.onStep(row);
    const reason = stopping.reasonToStop();
    if (reason !== undefined) return { step: row.step, reason };
  }
}

Deno.test("EarlyStopping ends a run after epochs without an improvement", () => {
  // Epoch 1 is best, 2 and 3 are worse on average, though each has lower losses.
  const stop = stopOf(new EarlyStopping(ARGS), rowsOf([5, 4, 4.5, 4.25, 1]))!;
  equal(stop.step, 8); // the first of epoch 4
  equal(
    stop.reason,
    "train_loss has not improved for 2 epochs: its best mean is 4.000, of epoch 1",
  );
});

Deno.test("EarlyStopping waits as long as each improvement is large enough", () => {
  const means = [5, 4.5, 4.75, 4.25, 4.5, 3];
  equal(stopOf(new EarlyStopping(ARGS), rowsOf(means)), undefined);
  const stop = stopOf(new EarlyStopping({ ...ARGS, min_delta: 0.5 }), rowsOf(means))!;
  equal(stop.step, 6); // 4.5 is not more than 0.5 below 5, and 4.75 is not either
});

Deno.test("EarlyStopping watches for what should grow", () => {
  const stop = stopOf(new EarlyStopping({ ...ARGS, mode: "max" }), rowsOf([1, 2, 1.5, 1.75, 3]))!;
  equal(
    stop.reason,
    "train_loss has not improved for 2 epochs: its best mean is 2.000, of epoch 1",
  );
});

Deno.test("EarlyStopping ends a run at a value that is not finite, if it is to check", () => {
  const rows = [...rowsOf([5]), { step: 2, epoch: 1, train_loss: NaN }];
  equal(stopOf(new EarlyStopping(ARGS), rows)?.reason, "train_loss is NaN in step 2");
  equal(stopOf(new EarlyStopping({ ...ARGS, check_finite: false }), rows), undefined);
});

Deno.test("EarlyStopping decides the same in a resumed run", () => {
  const rows = rowsOf([5, 4, 4.5, 4.25, 1]);
  for (let resumed = 0; resumed < 8; resumed++) {
    const stopping = new EarlyStopping(ARGS, rows.slice(0, resumed));
    equal(stopOf(stopping, rows.slice(resumed))?.step, 8, `resumed at step ${resumed}`);
  }
  const ended = new EarlyStopping(ARGS, rows); // told before the first step
  equal(ended.reasonToStop()?.startsWith("train_loss has not improved"), true);
});

Deno.test("EarlyStopping names a metric that there is not", () => {
  const monitor = "train_los";
  throws(
    () => new EarlyStopping({ ...ARGS, monitor }, rowsOf([1])),
    new ConfigError([{
      key: "callbacks.early_stopping.monitor",
      message: 'must be a metric of the run, got "train_los"; did you mean train_loss?',
    }]),
  );
});
