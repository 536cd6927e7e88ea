import { deepEqual, equal, match } from "node:assert/strict";
import type { KnnReport } from "../../src/eval/evaluate_knn.ts";
import { runWith } from "../support/run_program.ts";

const REPORT: KnnReport = {
  knn: { "10": { top1: 0.5, top5: 0.75 }, "20": { top1: 0.625, top5: 1 } },
  images: 30,
  images_per_second: 41.26,
  best_k: 20,
  classes: ["cat", "dog", "emu"],
  class_top1: [0.75, 0.5, NaN],
  class_images: [4, 4, 0],
  confusion: [[3, 1, 0], [2, 2, 0], [0, 0, 0]],
  skipped: [{ name: "cat/1.jpg", message: "it is broken" }],
};

const ARGS = ["eval", "knn", "checkpoint=out/a", "train=1", "test=b", "k=10,20"];

Deno.test("eval knn hands its options on, and prints accuracies and classes", async () => {
  let given: unknown;
  const { code, out, err } = await runWith(ARGS, {
    evalKnn: (options, hooks) => {
      given = [options.checkpoint, options.train, options.k];
      hooks?.onImages?.(30, 30);
      return Promise.resolve(REPORT);
    },
  });
  equal(code, 0);
  deepEqual(given, ["out/a", "1", [10, 20]]);
  equal(
    out,
    `30 images of 3 classes, 41.3 images/s
neighbours    top-1    top-5
        10   50.0 %   75.0 %
        20   62.5 %  100.0 %
by class, of 20 neighbours
  cat                       75.0 %  of 4, 1 taken for dog
  dog                       50.0 %  of 4, 2 taken for cat
  emu                            –  of 0
`,
  );
  match(err, /image 30\/30/);
  match(err, /skipped cat\/1.jpg: it is broken/);
});

Deno.test("eval knn --json ends with one line that a program may read", async () => {
  const evalKnn = () => Promise.resolve(REPORT);
  const { out } = await runWith([...ARGS, "--json"], { evalKnn });
  const lines = out.trimEnd().split("\n");
  equal(lines.length, 1);
  deepEqual(JSON.parse(lines[0]).knn, REPORT.knn);
});

Deno.test("eval knn tells all that is wrong with its options", async () => {
  const { code, err } = await runWith(["eval", "knn", "chekpoint=a", "train=b", "config=c.yaml"]);
  equal(code, 2);
  match(err, /Found 4 problems/);
  match(err, /did you mean checkpoint\?/);
  match(err, /config: is not read here/);
});
