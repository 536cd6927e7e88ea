import { deepEqual, equal } from "node:assert/strict";
import { KnnWatch } from "../../../src/training/observers/knn_watch.ts";

/** What the watch adds to rows of these accuracies, and the first reason to stop. */
function watched(watch: KnnWatch, accuracies: readonly (number | undefined)[]) {
  const best: (number | undefined)[] = [];
  let reason: string | undefined;
  accuracies.forEach((top1, i) => {
    const row = { step: 100 * i, ...(top1 === undefined ? {} : { knn_top1: top1 }) };
    best.push(watch.extend(row).knn_top1_best);
    reason ??= watch.reasonToStop();
  });
  return { best, reason };
}

Deno.test("KnnWatch tells the best so far, in rows with an accuracy", () => {
  const { best, reason } = watched(new KnnWatch(null), [0.3, undefined, 0.5, 0.1, 0.6]);
  deepEqual(best, [0.3, undefined, 0.5, 0.5, 0.6]);
  equal(reason, undefined);
});

Deno.test("KnnWatch ends a run that falls by more than is allowed", () => {
  equal(watched(new KnnWatch(5), [0.5, 0.55, 0.5]).reason, undefined); // by just so much
  equal(
    watched(new KnnWatch(5), [0.5, 0.55, 0.52, 0.4949]).reason,
    "knn_top1 49.5 % of step 301 is 5.5 points below the best 55.0 %; " +
      "callbacks.knn.max_drop allows 5, raise it to go on",
  );
});

Deno.test("KnnWatch goes on with what a checkpoint has", () => {
  const before = { step: 99, knn_top1_best: 0.6 };
  equal(watched(new KnnWatch(5, before), [0.56, 0.54]).reason?.includes("6.0 points"), true);
  // Ended before: and so it is again.
  const ended = new KnnWatch(5, { step: 99, knn_top1: 0.5, knn_top1_best: 0.6 });
  equal(ended.reasonToStop()?.startsWith("knn_top1 50.0 % of step 100 is"), true);
  equal(
    new KnnWatch(null, { step: 99, knn_top1: 0.5, knn_top1_best: 0.6 }).reasonToStop(),
    undefined,
  );
});
