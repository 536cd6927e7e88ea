import { deepEqual, throws } from "node:assert/strict";
import { classLabels } from "../../src/eval/class_labels.ts";
import type { ImageSet } from "../../src/images/image_set.ts";

function setOf(...names: string[]): ImageSet {
  return { names, problems: [], location: (index) => ({ path: names[index] }) };
}

Deno.test("the first folder of a name is its class", () => {
  deepEqual(classLabels(setOf("b/1.png", "a/x/2.png", "b/3.png")), {
    classes: ["a", "b"],
    labels: Uint32Array.of(1, 0, 1),
  });
});

Deno.test("classes are counted as another set has them, and what it has not comes last", () => {
  deepEqual(classLabels(setOf("c/1.png", "a/2.png"), ["a", "b"]).labels, Uint32Array.of(2, 0));
});

Deno.test("images without a class, or of one alone, are refused", () => {
  throws(() => classLabels(setOf("a/1.png", "2.png")), /got "2.png" beside the folders/);
  throws(() => classLabels(setOf("a/1.png")), /at least 2 folders.*got "a" alone/);
});
