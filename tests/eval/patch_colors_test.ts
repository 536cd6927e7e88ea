import { deepEqual, equal, ok } from "node:assert/strict";
import { patchPictures } from "../../src/eval/patch_colors.ts";
import { randomStream } from "../../src/random.ts";

const [SIDE, WIDTH] = [6, 8];

/** Tokens of images with a square of two halves in the middle, and a background. */
function tokensOf(images: number): Float32Array {
  const stream = randomStream(3, "patches");
  const tokens = new Float32Array(images * SIDE * SIDE * WIDTH);
  for (let patch = 0; patch < images * SIDE * SIDE; patch++) {
    const [row, column] = [Math.floor(patch / SIDE) % SIDE, patch % SIDE];
    const inside = Math.min(row, column) >= 2 && Math.max(row, column) < 4;
    for (let i = 0; i < WIDTH; i++) tokens[patch * WIDTH + i] = stream.range(-0.01, 0.01);
    if (!inside) continue;
    tokens[patch * WIDTH] += 10;
    tokens[patch * WIDTH + 1] += column < 3 ? 2 : -2;
  }
  return tokens;
}

Deno.test("the foreground is what lies in the middle, and like patches have like colors", () => {
  const pictures = patchPictures(tokensOf(3), WIDTH, [SIDE, SIDE]);
  equal(pictures.length, 3);
  for (const { colors, foreground } of pictures) {
    deepEqual([colors.width, colors.height], [SIDE, SIDE]);
    ok(Math.abs(foreground - 4 / 36) < 1e-12);
    const red = (row: number, column: number) => colors.pixels[(row * SIDE + column) * 3];
    deepEqual([red(0, 0), red(5, 5), red(2, 1)], [24, 24, 24], "background");
    ok(Math.abs(red(2, 2) - red(3, 2)) < 10 && Math.abs(red(2, 3) - red(3, 3)) < 10, "alike");
    ok(Math.abs(red(2, 2) - red(2, 3)) > 200, "unlike");
  }
});

Deno.test("a greater threshold leaves less foreground, whichever sign the component has", () => {
  // One patch is far from the background, three are halfway.
  const strength = (patch: number) => patch === 5 ? 10 : [6, 9, 10].includes(patch) ? 6 : 0;
  for (const sign of [1, -1]) {
    const tokens = Float32Array.from({ length: 16 }, (_, patch) => sign * strength(patch));
    const share = (threshold?: number) =>
      patchPictures(tokens, 1, [4, 4], { threshold })[0].foreground * 16;
    deepEqual([share(), share(0.5), share(0.7)], [4, 4, 1]);
  }
});

Deno.test("all patches are colored where that is asked for", () => {
  const [{ colors, foreground }] = patchPictures(
    tokensOf(1),
    WIDTH,
    [SIDE, SIDE],
    { foreground: false },
  );
  equal(foreground, 1);
  const red = (row: number, column: number) => colors.pixels[(row * SIDE + column) * 3];
  ok(Math.abs(red(0, 0) - red(2, 2)) > 200);
});

Deno.test("patches that are all the same have a color, too", () => {
  const [{ colors }] = patchPictures(new Float32Array(16 * 2), 2, [4, 4], { foreground: false });
  ok([...colors.pixels].every((value) => value === 128 || value === 24));
});
