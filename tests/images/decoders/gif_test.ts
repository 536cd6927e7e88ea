import { deepEqual } from "node:assert/strict";
import { decodeImage } from "../../../src/images/decode.ts";
import { assertDecodes, type Pixel } from "../../support/decoded_pixels.ts";
import { gifFile } from "../../support/image_files.ts";

const INK: Pixel = [124, 200, 100, 50, 255];
const PAPER: Pixel = [18, 10, 20, 30, 255];
const NO_INK: Pixel = [124, 200, 100, 50, 0];
/** Where nothing is drawn: the background's color, transparent. */
const BARE: Pixel = [18, 10, 20, 30, 0];

Deno.test("decodeImage() reads a GIF's first frame where it lies on the canvas", async () => {
  await assertDecodes(gifFile(), [3, 2], [INK, INK, PAPER, PAPER, INK, INK]);
  await assertDecodes(gifFile({ screen: [4, 3], at: [1, 0] }), [4, 3], [
    ...[BARE, INK, INK, PAPER],
    ...[BARE, PAPER, INK, INK],
    ...[BARE, BARE, BARE, BARE],
  ]);
  const grown = await decodeImage(gifFile({ screen: [1, 1], at: [1, 0] }));
  deepEqual([grown.width, grown.height], [4, 2]);
});

Deno.test("decodeImage() gives a GIF's transparent color alpha 0", async () => {
  const pixels = [NO_INK, NO_INK, PAPER, PAPER, NO_INK, NO_INK];
  await assertDecodes(gifFile({ transparent: 1 }), [3, 2], pixels);
});
