import { deepEqual, equal, notDeepEqual, ok, rejects } from "node:assert/strict";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluateLinear } from "../../src/eval/evaluate_linear.ts";
import { evaluateLogreg } from "../../src/eval/evaluate_logreg.ts";
import { colorSets, writeColors } from "../support/color_folders.ts";

const MODEL = { checkpoint: "dinov2/vittest", batch_size: 5 };
const QUICK = { ...MODEL, epochs: 8, lr: [1e-5, 0.5], blocks: [1, 2] };

Deno.test("linear classifiers learn colors; the best of them is judged on test", async () => {
  const sets = await colorSets();
  await writeFile(join(sets.train, "red", "broken.png"), "no picture");
  const seen: number[][] = [];
  const report = await evaluateLinear({ ...QUICK, ...sets }, {
    onImages: (done, total) => seen.push([done, total]),
  });
  deepEqual(report.sweep.map(({ blocks, mean, lr }) => [blocks, mean, lr]), [
    [1, false, 1e-5],
    [1, false, 0.5],
    [1, true, 1e-5],
    [1, true, 0.5],
    [2, false, 1e-5],
    [2, false, 0.5],
    [2, true, 1e-5],
    [2, true, 0.5],
  ]);
  const { best, linear } = report;
  deepEqual([best.lr, best.top1, linear.top1, linear.top5], [0.5, 1, 1, 1]);
  equal(report.judged_on, "test");
  deepEqual(report.confusion, [[4, 0, 0], [0, 4, 0], [0, 0, 4]]);
  deepEqual(report.skipped.map(({ name }) => name), ["red/broken.png"]);
  equal(report.images, 22 + 12);
  const [done, total] = seen.at(-1)!;
  equal(done, total);
});

Deno.test("logistic regression learns colors; the strength is chosen without test", async () => {
  const sets = await colorSets();
  const fits: number[][] = [];
  const options = { ...MODEL, ...sets, tokens: "mean" as const, c: "1000,0.001" };
  const report = await evaluateLogreg(options as unknown as Parameters<typeof evaluateLogreg>[0], {
    onFits: (done, total) => fits.push([done, total]),
  });
  deepEqual(report.sweep.map(({ c }) => c), [0.001, 1000]);
  ok(report.sweep.every(({ converged }) => converged));
  deepEqual(report.logreg, { top1: 1, top5: 1 });
  deepEqual(report.class_images, [4, 4, 4]);
  deepEqual(fits, [[1, 3], [2, 3], [3, 3]]);
});

Deno.test("what is in test changes neither the sweep nor the best", async () => {
  const { train, test } = await colorSets();
  const runs = [
    await evaluateLinear({ ...QUICK, train, test }),
    await evaluateLinear({ ...QUICK, train }),
  ];
  deepEqual(runs[0].sweep, runs[1].sweep);
  deepEqual(runs[0].best, runs[1].best);
  equal(runs[1].judged_on, "val");
  deepEqual(runs[1].linear, { top1: runs[1].best.top1, top5: runs[1].best.top5 });
  const fits = [
    await evaluateLogreg({ ...MODEL, train, test, tokens: "mean" }),
    await evaluateLogreg({ ...MODEL, train, tokens: "mean" }),
  ];
  deepEqual(fits[0].sweep, fits[1].sweep);
});

Deno.test("val is what the best is chosen by, and its labels may be a table's", async () => {
  const { train, test } = await colorSets();
  const val = await writeColors(join(train, "..", "val"), 2, 3);
  // Every label of the table is wrong: nothing can be chosen well by it.
  const wrong = { blue: "green", green: "red", red: "blue" };
  const lines = Object.entries(wrong).flatMap(([color, label]) =>
    [0, 1].map((i) => `${color}/${i}.png,${label}\n`)
  );
  const table = join(train, "..", "wrong.csv");
  await writeFile(table, lines.join(""));
  const options = { ...MODEL, train, val, test, tokens: "mean" as const, c: [1000] };
  const right = await evaluateLogreg(options);
  const fooled = await evaluateLogreg({ ...options, val_labels: table });
  deepEqual([right.best.top1, fooled.best.top1], [1, 0]);
  equal(right.images, 21 + 6 + 12, "all of train is fitted");
});

Deno.test("the seed changes what is held out, the weights and the views", async () => {
  const { train } = await colorSets();
  const options = { ...QUICK, train, epochs: 1 };
  const [a, b, c] = [
    await evaluateLinear(options),
    await evaluateLinear(options),
    await evaluateLinear({ ...options, seed: 1 }),
  ];
  deepEqual(a.sweep, b.sweep);
  notDeepEqual(a.sweep, c.sweep);
});

Deno.test("probes say what cannot be done", async () => {
  const { train, test } = await colorSets();
  await rejects(
    evaluateLinear(
      { ...QUICK, train, blocks: 4 } as unknown as Parameters<typeof evaluateLinear>[0],
    ),
    /blocks: must be at most the 3 blocks of the model, got 4/,
  );
  const wrong = { ...MODEL, train, lr: "0.1,x", val_share: 0.9, epoch: 3 };
  await rejects(
    evaluateLinear(wrong as unknown as Parameters<typeof evaluateLinear>[0]),
    (error) => {
      const { message } = error as Error;
      ok(/Found 3 problems/.test(message), message);
      ok(/lr: must be positive numbers, such as 0.01 or 0.001,0.01, got "0.1,x"/.test(message));
      ok(/val_share: must be at most 0.5, got 0.9/.test(message), message);
      ok(/epoch: is not a setting.*did you mean epochs\?/.test(message), message);
      return true;
    },
  );
  const unreadable = join(test, "..", "unreadable");
  for (const color of ["red", "blue"]) {
    await mkdir(join(unreadable, color), { recursive: true });
    await writeFile(join(unreadable, color, "0.png"), "no picture");
  }
  await rejects(
    evaluateLinear({ ...QUICK, epochs: 1, train, test: unreadable }),
    /Cannot evaluate the images of test: at least one image must be readable, got none; blue\/0.png/,
  );
  await rejects(
    evaluateLogreg({ ...MODEL, train, val: unreadable }),
    /Cannot evaluate the images of val: at least one image must be readable, got none; blue\/0.png/,
  );
  const single = join(test, "..", "single");
  for (const color of ["red", "blue"]) {
    await mkdir(join(single, color), { recursive: true });
    await rename(join(test, color, "0.png"), join(single, color, "0.png"));
  }
  await rejects(
    evaluateLogreg({ ...MODEL, train: single }),
    /a class of train must have at least 2 images, got 1 of each; give val=DIR/,
  );
});
