import { encodePng } from "../../../src/images/encode.ts";
import { assertDecodes, type Pixel } from "../../support/decoded_pixels.ts";
import { pngFile, type PngOptions } from "../../support/image_files.ts";

const PALETTE: [string, number[]] = ["PLTE", [9, 8, 7, 200, 100, 50]];

/** Files of two pixels in a row. */
const KINDS: Record<string, Omit<PngOptions, "width" | "height"> & { pixels: [Pixel, Pixel] }> = {
  "grey": {
    ...{ depth: 8, colorType: 0, lines: [0, 7, 250] },
    pixels: [[7, 7, 7, 7, 255], [250, 250, 250, 250, 255]],
  },
  "one-bit grey": {
    ...{ depth: 1, colorType: 0, lines: [0, 64] },
    pixels: [[0, 0, 0, 0, 255], [255, 255, 255, 255, 255]],
  },
  "16-bit grey": {
    ...{ depth: 16, colorType: 0, lines: [0, 9, 200, 200, 9] },
    pixels: [[9, 9, 9, 9, 255], [200, 200, 200, 200, 255]],
  },
  "grey with a transparent one": {
    ...{ depth: 4, colorType: 0, lines: [0, 0x97], extra: [["tRNS", [0, 7]]] },
    pixels: [[153, 153, 153, 153, 255], [119, 119, 119, 119, 0]],
  },
  "grey with alpha": {
    ...{ depth: 8, colorType: 4, lines: [0, 7, 0, 9, 255] },
    pixels: [[7, 7, 7, 7, 0], [9, 9, 9, 9, 255]],
  },
  "16-bit grey with alpha": {
    ...{ depth: 16, colorType: 4, lines: [0, 7, 1, 100, 2, 9, 3, 255, 255] },
    pixels: [[7, 7, 7, 7, 100], [9, 9, 9, 9, 255]],
  },
  "RGB": {
    ...{ depth: 8, colorType: 2, lines: [0, 200, 100, 50, 4, 5, 6] },
    pixels: [[124, 200, 100, 50, 255], [5, 4, 5, 6, 255]],
  },
  "RGB with a transparent color": {
    ...{ depth: 8, colorType: 2, lines: [0, 200, 100, 50, 4, 5, 6] },
    extra: [["tRNS", [0, 200, 0, 100, 0, 50]]],
    pixels: [[124, 200, 100, 50, 0], [5, 4, 5, 6, 255]],
  },
  "16-bit RGB": {
    ...{ depth: 16, colorType: 2, lines: [0, 200, 9, 100, 9, 50, 9, 4, 9, 5, 9, 6, 9] },
    pixels: [[124, 200, 100, 50, 255], [5, 4, 5, 6, 255]],
  },
  "RGB with alpha": {
    ...{ depth: 8, colorType: 6, lines: [0, 200, 100, 50, 0, 4, 5, 6, 128] },
    pixels: [[124, 200, 100, 50, 0], [5, 4, 5, 6, 128]],
  },
  "palette": {
    ...{ depth: 8, colorType: 3, lines: [0, 1, 0], extra: [PALETTE] },
    pixels: [[124, 200, 100, 50, 255], [8, 9, 8, 7, 255]],
  },
  "palette with transparent colors": {
    ...{ depth: 8, colorType: 3, lines: [0, 1, 0], extra: [PALETTE, ["tRNS", [128, 0]]] },
    pixels: [[124, 200, 100, 50, 0], [8, 9, 8, 7, 128]],
  },
};

Deno.test("decodeImage() reads every kind of PNG in every number of channels", async (t) => {
  for (const [name, { pixels, ...kind }] of Object.entries(KINDS)) {
    await t.step(name, async () => {
      await assertDecodes(pngFile({ width: 2, height: 1, ...kind }), [2, 1], pixels);
    });
  }
});

Deno.test("decodeImage() reads what encodePng() writes", async () => {
  const image = { width: 1, height: 2, channels: 3, pixels: Uint8Array.of(1, 2, 3, 255, 0, 0) };
  await assertDecodes(encodePng(image), [1, 2], [[2, 1, 2, 3, 255], [76, 255, 0, 0, 255]]);
});
