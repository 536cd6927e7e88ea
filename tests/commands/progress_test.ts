import { deepEqual, equal } from "node:assert/strict";
import { formatDuration, Progress } from "../../src/commands/progress.ts";
import { styleOf } from "../../src/commands/style.ts";

/** A progress display of 10 steps whose clock and output the test holds. */
function recorded({ terminal = false, columns = 100 }, logEverySteps = 4, unit?: string) {
  const now = { ms: 0 };
  const written: string[] = [];
  const progress = new Progress({
    totalSteps: 10,
    unit,
    batchSize: 8,
    logEverySteps,
    clock: () => now.ms,
    output: {
      write: (text) => written.push(text),
      style: styleOf({ terminal, color: false }),
      columns,
    },
  });
  return { now, written, progress };
}

Deno.test("Progress prints the first, the last and some lines where there is no terminal", () => {
  const { now, written, progress } = recorded({});
  for (let step = 0; step < 10; step++) {
    now.ms += 500;
    progress.update(step, { loss: 11.73 - step, koleo: 0.00042 });
  }
  progress.finish();
  deepEqual(written, [
    "step  1/10  loss 11.730  koleo 4.20e-4\n",
    "step  4/10  eta 0:03  16 images/s  loss 8.730  koleo 4.20e-4\n",
    "step  8/10  eta 0:01  16 images/s  loss 4.730  koleo 4.20e-4\n",
    "step 10/10  eta 0:00  16 images/s  loss 2.730  koleo 4.20e-4\n",
  ]);
});

Deno.test("Progress counts what it is told to count", () => {
  const { written, progress } = recorded({}, 10, "image");
  progress.update(0, {});
  deepEqual(written, ["image  1/10\n"]);
});

Deno.test("Progress prints its lines though steps come in groups", () => {
  const { written, progress } = recorded({}, 4, "image");
  for (const done of [3, 5, 6, 9]) progress.update(done - 1, {});
  deepEqual(written.map((line) => line.split("/")[0]), ["image  5", "image  9"]);
});

Deno.test("Progress rewrites one line on a terminal and keeps messages above it", () => {
  const { now, written, progress } = recorded({ terminal: true, columns: 68 });
  progress.update(0, {});
  written.length = 0;
  now.ms = 800;
  progress.update(4, { loss: 3, ibot: 2 });
  progress.message("saved");
  progress.finish();
  const line = "━━━━━━━━━━──────────  step  5/10  eta 0:01  40 images/s  loss 3.000";
  equal(line.length, 67); // the next word would not fit
  deepEqual(written, [`\r\x1b[K${line}`, `\r\x1b[Ksaved\n${line}`, `\r\x1b[K${line}`, "\n"]);
});

Deno.test("Progress redraws at most ten times a second, and always at the end", () => {
  const { now, written, progress } = recorded({ terminal: true });
  for (let step = 0; step < 10; step++) {
    now.ms += 30;
    progress.update(step, {});
  }
  equal(written.length, 4); // at 30, 150, 270 and 300 ms
});

Deno.test("formatDuration() writes hours only where there are some", () => {
  deepEqual([0, 59_600, 3_599_000, 3_600_000].map(formatDuration), [
    "0:00",
    "1:00",
    "59:59",
    "1:00:00",
  ]);
});
