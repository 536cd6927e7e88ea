import { deepEqual, equal, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import {
  alignUp,
  byteLength,
  elementCount,
  expectShape,
  type Tensor,
  view,
} from "../../src/gpu/tensor.ts";

function tensor(shape: number[], offsetBytes = 0): Tensor {
  const storage = { label: "x", kind: "activations", sizeBytes: byteLength(shape, "f32") } as const;
  return { label: "x", shape, dtype: "f32", storage, offsetBytes };
}

Deno.test("byteLength() rounds up to whole words and is never 0", () => {
  equal(byteLength([3, 5], "f32"), 60);
  equal(byteLength([3], "f16"), 8);
  equal(byteLength([0, 5], "f32"), 4);
  equal(elementCount([]), 1);
  deepEqual([0, 1, 256, 257].map(alignUp), [0, 256, 256, 512]);
});

Deno.test("view() shows a part of a tensor under another shape", () => {
  const part = view(tensor([4, 64], 512), [2, 32], 128);
  deepEqual([part.shape, part.offsetBytes], [[2, 32], 1024]);
});

Deno.test("view() refuses a part that passes the end or is not aligned", () => {
  const message = (shape: string, at: number) =>
    `Cannot view x: a part [${shape}] at element ${at} must lie aligned inside [4,64]`;
  throws(() => view(tensor([4, 64]), [65], 192), new ShapeError(message("65", 192)));
  throws(() => view(tensor([4, 64]), [2, 2], 3), new ShapeError(message("2,2", 3)));
});

Deno.test("expectShape() returns the sizes that it matched", () => {
  deepEqual(expectShape("op", "x", tensor([4, 8]), ["rows", 8]), [4, 8]);
  deepEqual(expectShape("op", "x", tensor([]), []), []);
});

Deno.test("expectShape() names operation, tensor and both shapes", () => {
  throws(
    () => expectShape("layerNorm", "gamma", tensor([7]), [8]),
    new ShapeError("Cannot run layerNorm: gamma must have shape [8], got [7]"),
  );
  throws(
    () => expectShape("linear", "x", tensor([2, 3, 4]), ["rows", 4]),
    new ShapeError("Cannot run linear: x must have shape [rows, 4], got [2, 3, 4]"),
  );
});
