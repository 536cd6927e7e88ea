import { deepEqual, equal, rejects } from "node:assert/strict";
import type { MetricsRow } from "../../src/training/metrics_file.ts";
import type { RunObserver } from "../../src/training/observer.ts";
import type { TrainResult } from "../../src/training/run_loop.ts";
import { train } from "../../src/training/train.ts";
import { TrainRun } from "../../src/training/train_run.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const RESULT: TrainResult = {
  steps: 3,
  finished: true,
  reason: "all steps are done",
  harmed: false,
  last: undefined,
  checkpoint: "c",
  exported: "e",
};

/** A run of steps that take no time, which may fail. */
function fakeRun({ steps, error }: { steps: number; error?: Error }): TrainRun {
  return new TrainRun(async ({ onStep }: RunObserver, signal) => {
    for (let step = 0; step < steps && !signal.aborted; step++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      onStep!({ step });
    }
    if (error) throw error;
    return { ...RESULT, finished: !signal.aborted };
  });
}

async function rowsOf(run: AsyncIterable<MetricsRow>): Promise<number[]> {
  const steps: number[] = [];
  for await (const { step } of run) steps.push(step);
  return steps;
}

Deno.test("TrainRun can be waited for and gone through, by several at once", async () => {
  const run = fakeRun({ steps: 4 });
  const all = await Promise.all([rowsOf(run), rowsOf(run), run]);
  deepEqual(all, [[0, 1, 2, 3], [0, 1, 2, 3], RESULT]);
  deepEqual(await rowsOf(run), [], "nothing comes after the end");
  equal(await run.result, await run);
});

Deno.test("TrainRun keeps what comes with the end for who takes their time", async () => {
  const steps: number[] = [];
  for await (const { step } of fakeRun({ steps: 5 })) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    steps.push(step);
  }
  deepEqual(steps, [0, 1, 2, 3, 4]);
});

Deno.test("TrainRun ends when it is stopped, or when its scope does", async () => {
  const run = fakeRun({ steps: 1000 });
  for await (const { step } of run) if (step === 2) run.stop();
  equal((await run).finished, false);
  let scoped: TrainRun;
  {
    await using inner = fakeRun({ steps: 1000 });
    scoped = inner;
    for await (const _ of inner) break; // leaving the loop does not end the run
  }
  equal((await scoped).finished, false);
});

Deno.test("TrainRun gives what ended it to all who wait", async () => {
  const error = new Error("no more memory");
  const run = fakeRun({ steps: 2, error });
  const steps: number[] = [];
  await rejects(async () => {
    for await (const { step } of run) steps.push(step);
  }, error);
  deepEqual(steps, [0, 1]);
  await rejects(run.result, error);
  await run[Symbol.asyncDispose](); // closing it is no error
});

Deno.test("two runs can be under way in one process", async () => {
  await withTinyRun(async (folder, data) => {
    const runs = [0, 1].map((seed) =>
      train({ ...TINY_RUN, out: `${folder}/${seed}`, data, seed, steps: 3 })
    );
    deepEqual(await Promise.all(runs.map(rowsOf)), [[0, 1, 2], [0, 1, 2]]);
    const alone = await train({ ...TINY_RUN, out: `${folder}/alone`, data, seed: 1, steps: 3 });
    equal((await runs[1]).last!.train_loss, alone.last!.train_loss);
  });
});
