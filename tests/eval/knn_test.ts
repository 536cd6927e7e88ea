import { deepEqual, equal } from "node:assert/strict";
import { knnClassify, TEMPERATURE } from "../../src/eval/knn.ts";
import type { Neighbours } from "../../src/eval/nearest.ts";
import { randomStream } from "../../src/random.ts";

Deno.test("a near neighbour outvotes two far ones, until the temperature makes them equal", () => {
  const neighbours: Neighbours = {
    k: 3,
    indices: Uint32Array.of(0, 1, 2),
    similarities: Float32Array.of(0.9, 0.5, 0.5),
  };
  const [labels, truth] = [Uint32Array.of(0, 1, 1), Uint32Array.of(0)];
  const accuracy = (k: number, temperature: number) =>
    knnClassify(neighbours, labels, truth, { k, classes: 2, temperature }).top1;
  equal(accuracy(3, TEMPERATURE), 1);
  equal(accuracy(3, 100), 0, "two against one");
  equal(accuracy(1, 100), 1, "the nearest alone");
});

Deno.test("accuracies and guesses are those of a plain count over random votes", () => {
  const [queries, k, classes, candidates] = [97, 12, 7, 50];
  const stream = randomStream(4, "knn");
  const labels = Uint32Array.from({ length: candidates }, () => stream.int(classes));
  const truth = Uint32Array.from({ length: queries }, () => stream.int(classes + 1)); // some unknown
  const indices = Uint32Array.from({ length: queries * k }, () => stream.int(candidates));
  const similarities = Float32Array.from(indices, () => stream.range(-1, 1));
  const result = knnClassify({ k, indices, similarities }, labels, truth, { k, classes });
  let [top1, top5] = [0, 0];
  const firstGuesses: number[] = [];
  for (let q = 0; q < queries; q++) {
    const votes = Array.from({ length: classes }, (_, label) => ({ label, sum: 0 }));
    for (let i = q * k; i < (q + 1) * k; i++) {
      votes[labels[indices[i]]].sum += Math.exp(similarities[i] / TEMPERATURE);
    }
    const guesses = votes.sort((a, b) => b.sum - a.sum || a.label - b.label).map((v) => v.label);
    if (guesses[0] === truth[q]) top1++;
    if (guesses.slice(0, 5).includes(truth[q])) top5++;
    firstGuesses.push(guesses[0]);
  }
  deepEqual(result, {
    top1: top1 / queries,
    top5: top5 / queries,
    guesses: Uint32Array.from(firstGuesses),
  });
});

Deno.test("with few neighbours only as many guesses count", () => {
  const neighbours: Neighbours = {
    k: 1,
    indices: Uint32Array.of(0),
    similarities: Float32Array.of(1),
  };
  const { top1, top5 } = knnClassify(
    neighbours,
    Uint32Array.of(0, 1),
    Uint32Array.of(1),
    { k: 1, classes: 2 },
  );
  deepEqual([top1, top5], [0, 0]);
});

Deno.test("at a low temperature the nearest neighbour decides, however far it is", () => {
  const neighbours: Neighbours = {
    k: 2,
    indices: Uint32Array.of(1, 0),
    similarities: Float32Array.of(-0.2, -0.3),
  };
  const settings = { k: 2, classes: 2, temperature: 1e-4 };
  equal(knnClassify(neighbours, Uint32Array.of(0, 1), Uint32Array.of(1), settings).top1, 1);
});
