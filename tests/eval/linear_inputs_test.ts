import { deepEqual, equal } from "node:assert/strict";
import { inputWidth, linearInputs } from "../../src/eval/linear_inputs.ts";
import type { Features } from "../../src/inference/forward_pass.ts";

/** Two images of a 1 x 2 grid, width 2; numbers tell block, image and place. */
function layer(block: number): Features {
  const at = (image: number, place: number) => 100 * block + 10 * image + place;
  const both = (make: (image: number) => number[]) => Float32Array.from([0, 1].flatMap(make));
  return {
    clsToken: both((image) => [at(image, 0), at(image, 1)]),
    regTokens: new Float32Array(),
    patchTokens: both((image) => [at(image, 2), at(image, 3), at(image, 6), at(image, 9)]),
    grid: [1, 2],
  };
}

Deno.test("linearInputs() puts class tokens, the last mean and a 1 side by side", () => {
  const layers = [layer(1), layer(2), layer(3)];
  const rows = (blocks: number, mean: boolean) => {
    const values = linearInputs(layers, { blocks, mean }, 2);
    equal(values.length, 2 * inputWidth({ blocks, mean }, 2));
    return [...values];
  };
  deepEqual(rows(1, false), [300, 301, 1, 310, 311, 1]);
  deepEqual(rows(2, false), [200, 201, 300, 301, 1, 210, 211, 310, 311, 1]);
  deepEqual(rows(1, true), [300, 301, 304, 306, 1, 310, 311, 314, 316, 1]);
  deepEqual(rows(2, true).slice(0, 7), [200, 201, 300, 301, 304, 306, 1]);
});
