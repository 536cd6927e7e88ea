import { deepEqual, equal, notDeepEqual, throws } from "node:assert/strict";
import { holdOut } from "../../src/eval/hold_out.ts";
import type { LabelledImages } from "../../src/eval/labelled_sets.ts";
import { DataError } from "../../src/images/errors.ts";

function setOf(labels: number[]): LabelledImages {
  const names = labels.map((label, i) => `${label}/${i}.png`);
  const location = (index: number) => ({ path: names[index] });
  const problems = [{ name: "broken.tar", message: "it ends early" }];
  return { images: { names, problems, location }, labels: Uint32Array.from(labels) };
}

Deno.test("holdOut() takes the same share of each class, and leaves each an image", () => {
  const labels = [...Array(10).fill(0), ...Array(5).fill(1), 2, 3, 3];
  const { kept, held } = holdOut(setOf(labels), { share: 0.2, seed: 0 });
  deepEqual([...held.labels], [0, 0, 1, 3]);
  deepEqual(
    [...kept.images.names, ...held.images.names].sort(),
    setOf(labels).images.names.toSorted(),
  );
  for (const { images, labels } of [kept, held]) {
    deepEqual(images.names.map((name) => Number(name[0])), [...labels]);
    equal(images.location(1).path, images.names[1]);
  }
  deepEqual([kept.images.problems.length, held.images.problems.length], [1, 0], "told once");
});

Deno.test("holdOut() depends on the seed alone", () => {
  const namesOf = (seed: number) =>
    holdOut(setOf(Array(40).fill(0)), { share: 0.5, seed }).held.images.names;
  deepEqual(namesOf(3), namesOf(3));
  notDeepEqual(namesOf(3), namesOf(4));
});

Deno.test("holdOut() cannot divide classes of one image", () => {
  throws(
    () => holdOut(setOf([0, 1, 2]), { share: 0.5, seed: 0 }),
    new DataError(
      "Cannot hold images out: a class of train must have at least 2 images, got 1 of each; give " +
        "val=DIR",
    ),
  );
});
