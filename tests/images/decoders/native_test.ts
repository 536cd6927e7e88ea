import { assertDecodes, type Pixel } from "../../support/decoded_pixels.ts";
import { encodedAs, pngFile, pnmFile } from "../../support/image_files.ts";

const COLORS: Pixel[] = [[124, 200, 100, 50, 50], [5, 4, 5, 6, 255]];

/** Two pixels in a row as a PNG, with alpha or without. */
function twoPixels(alpha: boolean): Uint8Array<ArrayBuffer> {
  const lines = [0, ...COLORS.flatMap(([, ...rgba]) => alpha ? rgba : rgba.slice(0, 3))];
  return pngFile({ width: 2, height: 1, depth: 8, colorType: alpha ? 6 : 2, lines });
}

Deno.test("decodeImage() reads WebP, BMP and TIFF in every number of channels", async (t) => {
  const opaque = COLORS.map(([gray, red, green, blue]): Pixel => [gray, red, green, blue, 255]);
  for (const format of ["webpLossless", "bmp", "tiff"] as const) {
    await t.step(format, async () => {
      await assertDecodes(await encodedAs(twoPixels(false), format), [2, 1], opaque);
    });
    await t.step(`${format} with alpha`, async () => {
      await assertDecodes(await encodedAs(twoPixels(true), format), [2, 1], COLORS);
    });
  }
});

Deno.test("decodeImage() reads PPM, PGM and PBM, in bytes and in text", async (t) => {
  const colors: Pixel[] = [[124, 200, 100, 50, 255], [5, 4, 5, 6, 255]];
  const grays: Pixel[] = [[9, 9, 9, 9, 255], [200, 200, 200, 200, 255]];
  const bits: Pixel[] = [[255, 255, 255, 255, 255], [0, 0, 0, 0, 255]];
  const kinds: [name: string, file: Uint8Array, pixels: Pixel[]][] = [
    ["PPM", pnmFile("P6 2 1 255\n", [200, 100, 50, 4, 5, 6]), colors],
    ["PPM in text", pnmFile("P3\n# by hand\n2 1\n255\n200 100 50 4 5 6\n"), colors],
    ["16-bit PPM", pnmFile("P6 2 1 65535\n", [200, 1, 100, 1, 50, 1, 4, 1, 5, 1, 6, 1]), colors],
    ["PGM", pnmFile("P5\n2 1\n255\n", [9, 200]), grays],
    ["PGM in text", pnmFile("P2\n2 1\n255\n9 200\n"), grays],
    ["16-bit PGM", pnmFile("P5\n2 1\n65535\n", [9, 200, 200, 9]), grays],
    ["PBM", pnmFile("P4\n2 1\n", [64]), bits],
    ["PBM in text", pnmFile("P1\n2 1\n0 1\n"), bits],
  ];
  for (const [name, file, pixels] of kinds) {
    await t.step(name, () => assertDecodes(file, [2, 1], pixels));
  }
});
