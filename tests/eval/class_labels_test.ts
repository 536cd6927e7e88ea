import { deepEqual, throws } from "node:assert/strict";
import { classLabels } from "../../src/eval/class_labels.ts";
import type { ImageSet } from "../../src/images/image_set.ts";

function setOf(...names: string[]): ImageSet {
  return { names, problems: [], location: (index) => ({ path: names[index] }) };
}

Deno.test("the first folder of a name is its class", () => {
  deepEqual(classLabels(setOf("b/1.png", "a/x/2.png", "b/3.png"), "train"), {
    classes: ["a", "b"],
    labels: Uint32Array.of(1, 0, 1),
  });
});

Deno.test("classes are counted as another set has them, and what it has not comes last", () => {
  deepEqual(
    classLabels(setOf("c/1.png", "a/2.png"), "test", ["a", "b"]).labels,
    Uint32Array.of(2, 0),
  );
});

Deno.test("images without a class, or of one alone, are refused", () => {
  throws(() => classLabels(setOf("a/1.png", "2.png"), "train"), /got "2.png" beside the folders/);
  throws(() => classLabels(setOf("a/1.png"), "train"), /at least 2 folders.*got "a" alone/);
  throws(() => classLabels(setOf("a.tar/b/1.png"), "train"), /of train must lie in a folder/);
  const other = () => classLabels(setOf("c/1.png"), "test", ["a", "b"]);
  throws(other, /test must have folders of the same names as train, such as "a", got "c"/);
});
