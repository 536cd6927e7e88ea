import { deepEqual, equal, match } from "node:assert/strict";
import type { LinearReport } from "../../src/eval/evaluate_linear.ts";
import type { LogregReport } from "../../src/eval/evaluate_logreg.ts";
import { runWith } from "../support/run_program.ts";

const COMMON = {
  images: 30,
  images_per_second: 41.26,
  classes: ["cat", "dog"],
  class_top1: [0.75, 0.5],
  class_images: [4, 4],
  confusion: [[3, 1], [2, 2]],
  skipped: [{ name: "cat/1.jpg", message: "it is broken" }],
};

const SWEEP = [false, true].flatMap((mean) =>
  [0.001, 0.1].map((lr) => ({ blocks: 4, mean, lr, top1: 0.5 + lr, top5: 1 }))
);

const LINEAR: LinearReport = {
  linear: { top1: 0.625, top5: 1 },
  ...COMMON,
  best: SWEEP[3],
  sweep: SWEEP,
  judged_on: "test",
};

const LOGREG: LogregReport = {
  logreg: { top1: 0.75, top5: 1 },
  ...COMMON,
  best: { c: 1, top1: 0.75, top5: 1, iterations: 20, converged: true },
  sweep: [
    { c: 0.1, top1: 0.5, top5: 1, iterations: 7, converged: true },
    { c: 1, top1: 0.75, top5: 1, iterations: 20, converged: true },
    { c: 10, top1: 0.5, top5: 1, iterations: 1000, converged: false },
  ],
  judged_on: "val",
};

const FOLDERS = ["checkpoint=out/a", "train=1", "val=b"];

Deno.test("eval linear hands its options on, and prints the sweep and the best", async () => {
  let given: unknown;
  const { code, out, err } = await runWith(["eval", "linear", ...FOLDERS, "lr=0.1,1", "blocks=2"], {
    evalLinear: (options, hooks) => {
      given = [options.train, options.val, options.test, options.lr, options.blocks];
      hooks?.onImages?.(30, 30);
      return Promise.resolve(LINEAR);
    },
  });
  equal(code, 0);
  deepEqual(given, ["1", "b", null, [0.1, 1], [2]]);
  equal(
    out,
    `30 images of 2 classes, 41.3 images/s
top-1 on val, which the best is chosen by
      lr  cls of 4  cls+mean of 4
   0.001    50.1 %         50.1 %
     0.1    60.0 %         60.0 %
best: lr 0.1, cls+mean of 4
this is the greatest lr of the sweep: greater ones may be better
on test: top-1 62.5 %, top-5 100.0 %
by class, on test
  cat                       75.0 %  of 4, 1 taken for dog
  dog                       50.0 %  of 4, 2 taken for cat
`,
  );
  match(err, /image 30\/30/);
  match(err, /skipped cat\/1.jpg: it is broken/);
});

Deno.test("eval logreg prints each strength, and says what the best was chosen by", async () => {
  const { code, out, err } = await runWith(["eval", "logreg", ...FOLDERS], {
    evalLogreg: (_, hooks) => {
      hooks?.onImages?.(30, 30);
      hooks?.onFits?.(3, 3);
      return Promise.resolve(LOGREG);
    },
  });
  equal(code, 0);
  equal(
    out,
    `30 images of 2 classes, 41.3 images/s
top-1 on val, which the best is chosen by
       c    top-1    top-5  steps
     0.1   50.0 %  100.0 %      7
       1   75.0 %  100.0 %     20
      10   50.0 %  100.0 %   1000, not enough
best: c 1
on val (which it was chosen by): top-1 75.0 %, top-5 100.0 %
by class, on val
  cat                       75.0 %  of 4, 1 taken for dog
  dog                       50.0 %  of 4, 2 taken for cat
`,
  );
  match(err, /fit 3\/3/);
});

Deno.test("probes with --json end with one line that a program may read", async () => {
  const evalLinear = () => Promise.resolve(LINEAR);
  const evalLogreg = () => Promise.resolve(LOGREG);
  const lastOf = async (name: string) => {
    const { out } = await runWith(["eval", name, ...FOLDERS, "--json"], { evalLinear, evalLogreg });
    return JSON.parse(out.trimEnd().split("\n").at(-1)!);
  };
  deepEqual(await lastOf("linear"), LINEAR);
  deepEqual(await lastOf("logreg"), LOGREG);
});
