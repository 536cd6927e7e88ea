import { deepEqual } from "node:assert/strict";
import { MetricsFile, readMetrics } from "../../src/training/metrics_file.ts";

function write(path: string, steps: number[], resumedStep?: number) {
  using metrics = new MetricsFile(path, resumedStep);
  for (const step of steps) metrics.onStep({ step, train_loss: step / 4 });
}

Deno.test("MetricsFile appends rows that can be read at once", async () => {
  const path = await Deno.makeTempFile();
  using metrics = new MetricsFile(path);
  metrics.onStep({ step: 0, train_loss: 1.5, "train_loss/ibot_loss": 0.25 });
  deepEqual(readMetrics(path), [{ step: 0, train_loss: 1.5, "train_loss/ibot_loss": 0.25 }]);
  await Deno.remove(path);
});

Deno.test("MetricsFile drops the rows that a resumed run writes again", async () => {
  const path = await Deno.makeTempFile();
  write(path, [0, 1, 2, 3, 4]);
  await Deno.writeTextFile(path, '{"step":5,"train_lo', { append: true }); // killed while writing
  write(path, [3, 4], 3);
  deepEqual(readMetrics(path).map(({ step }) => step), [0, 1, 2, 3, 4]);
  await Deno.remove(path);
});
