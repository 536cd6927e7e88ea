import { equal } from "node:assert/strict";
import { isWholeJpeg } from "../../../src/images/jpeg_structure.ts";
import { assertDecodes, type Pixel } from "../../support/decoded_pixels.ts";
import { jpegFile, type JpegOptions } from "../../support/image_files.ts";

/** Images of two blocks of 8 x 8 pixels, one color each. */
const KINDS: Record<string, Omit<JpegOptions, "columns"> & { pixels: [Pixel, Pixel] }> = {
  "grey": {
    blocks: [[100], [7]],
    pixels: [[100, 100, 100, 100, 255], [7, 7, 7, 7, 255]],
  },
  "RGB": {
    ...{ blocks: [[200, 100, 50], [4, 5, 6]], adobe: 0 },
    pixels: [[124, 200, 100, 50, 255], [5, 4, 5, 6, 255]],
  },
  "YCbCr": {
    blocks: [[100, 128, 128], [7, 128, 128]],
    pixels: [[100, 100, 100, 100, 255], [7, 7, 7, 7, 255]],
  },
  "CMYK": { // how much of each ink is left of white
    ...{ blocks: [[255, 200, 100, 255], [255, 200, 100, 128]], adobe: 0 },
    pixels: [[205, 255, 200, 100, 255], [103, 128, 100, 50, 255]],
  },
};

/** A stray byte between the parts, after the start and Adobe's segment if there is one. */
function withStrayByte(file: Uint8Array, adobe: number | undefined): Uint8Array {
  const at = adobe === undefined ? 2 : 2 + 2 + 14;
  return Uint8Array.of(...file.subarray(0, at), 0, ...file.subarray(at));
}

Deno.test("decodeImage() reads every kind of JPEG in every number of channels", async (t) => {
  for (const [name, { pixels, ...kind }] of Object.entries(KINDS)) {
    const rows = Array(8).fill(pixels.flatMap((pixel) => Array(8).fill(pixel))).flat();
    for (const progressive of [false, true]) {
      const file = jpegFile({ columns: 2, progressive, ...kind });
      await t.step(`${name}, ${progressive ? "progressive" : "baseline"}`, async () => {
        await assertDecodes(file, [16, 8], rows);
      });
      await t.step(`${name}, ${progressive ? "progressive" : "baseline"}, stray byte`, async () => {
        const stray = withStrayByte(file, kind.adobe);
        equal(isWholeJpeg(stray), false); // so this is the other decoder
        await assertDecodes(stray, [16, 8], rows);
      });
    }
  }
});
