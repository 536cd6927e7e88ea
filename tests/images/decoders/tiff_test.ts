import { rejects } from "node:assert/strict";
import { decodeImage } from "../../../src/images/decode.ts";
import { assertDecodes, type Pixel } from "../../support/decoded_pixels.ts";
import { jpegFile } from "../../support/image_files.ts";
import { floatBytes, type TiffFile, tiffOf } from "../../support/tiff_files.ts";

/** Numbers of the tags that the kinds differ in. */
const [BITS, COMPRESSION, PHOTOMETRIC, PLANES] = [258, 259, 262, 284];
const [PALETTE, EXTRA, FORMAT, SUBSAMPLING] = [320, 338, 339, 530];

type Kind = Omit<TiffFile, "width" | "height">;

/** Two colors of a palette of `1 << bits`: (9, 8, 7) and (200, 100, 50), in 16 bits. */
function palette(bits: number): number[] {
  const values = Array(3 << bits).fill(0);
  [[9, 200], [8, 100], [7, 50]].forEach((pair, c) =>
    pair.forEach((value, i) => values[(c << bits) + i] = value << 8)
  );
  return values;
}

const INK: Pixel = [124, 200, 100, 50, 255];
const PAPER: Pixel = [8, 9, 8, 7, 255];
const DARK: Pixel = [4, 4, 4, 4, 255];
const LIGHT: Pixel = [200, 200, 200, 200, 255];
const clear = ([gray, red, green, blue]: Pixel): Pixel => [gray, red, green, blue, 0];

/** Files of two pixels in a row. */
const KINDS: Record<string, Kind & { pixels: [Pixel, Pixel] }> = {
  "grey": { tags: { [BITS]: [8], [PHOTOMETRIC]: [1] }, data: [4, 200], pixels: [DARK, LIGHT] },
  "grey, white is 0": {
    ...{ tags: { [BITS]: [8], [PHOTOMETRIC]: [0] }, data: [251, 55] },
    pixels: [DARK, LIGHT],
  },
  "grey, PackBits": {
    ...{ tags: { [BITS]: [8], [PHOTOMETRIC]: [1], [COMPRESSION]: [32773] }, data: [1, 4, 200] },
    pixels: [DARK, LIGHT],
  },
  "4-bit grey": {
    ...{ tags: { [BITS]: [4], [PHOTOMETRIC]: [1] }, data: [0x6f] },
    pixels: [[102, 102, 102, 102, 255], [255, 255, 255, 255, 255]],
  },
  "32-bit grey": {
    ...{ tags: { [BITS]: [32], [PHOTOMETRIC]: [1] }, data: [9, 9, 9, 4, 9, 9, 9, 200] },
    pixels: [DARK, LIGHT],
  },
  "grey with alpha": {
    ...{ tags: { [BITS]: [8, 8], [PHOTOMETRIC]: [1], [EXTRA]: [2] }, data: [4, 0, 200, 255] },
    pixels: [clear(DARK), LIGHT],
  },
  "16-bit grey with alpha, big-endian": {
    tags: { [BITS]: [16, 16], [PHOTOMETRIC]: [1], [EXTRA]: [2] },
    ...{ data: [4, 9, 0, 9, 200, 9, 255, 9], little: false },
    pixels: [clear(DARK), LIGHT],
  },
  "grey with a sample that means nothing": {
    ...{ tags: { [BITS]: [8, 8], [PHOTOMETRIC]: [1], [EXTRA]: [0] }, data: [4, 0, 200, 7] },
    pixels: [DARK, LIGHT],
  },
  "float grey": {
    tags: { [BITS]: [32], [PHOTOMETRIC]: [1], [FORMAT]: [3] },
    data: floatBytes(0.016, 0.784),
    pixels: [DARK, LIGHT],
  },
  "float RGB": {
    tags: { [BITS]: [32, 32, 32], [PHOTOMETRIC]: [2], [FORMAT]: [3, 3, 3] },
    data: floatBytes(0.784, 0.392, 0.196, 1, 0, 0.5),
    pixels: [INK, [91, 255, 0, 128, 255]],
  },
  "RGB in planes": {
    tags: { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [2], [PLANES]: [2], 278: [1] },
    ...{ data: [200, 9, 100, 8, 50, 7], strips: 3 },
    pixels: [INK, PAPER],
  },
  "RGB with alpha": {
    tags: { [BITS]: [8, 8, 8, 8], [PHOTOMETRIC]: [2], [EXTRA]: [2] },
    data: [200, 100, 50, 0, 9, 8, 7, 255],
    pixels: [clear(INK), PAPER],
  },
  "BigTIFF": {
    tags: { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [2] },
    ...{ data: [200, 100, 50, 9, 8, 7], big: true },
    pixels: [INK, PAPER],
  },
  "BigTIFF, big-endian": {
    tags: { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [2] },
    ...{ data: [200, 100, 50, 9, 8, 7], big: true, little: false },
    pixels: [INK, PAPER],
  },
  "palette": {
    ...{ tags: { [BITS]: [8], [PHOTOMETRIC]: [3], [PALETTE]: palette(8) }, data: [1, 0] },
    pixels: [INK, PAPER],
  },
  "palette, big-endian": {
    ...{ tags: { [BITS]: [8], [PHOTOMETRIC]: [3], [PALETTE]: palette(8) }, data: [1, 0] },
    little: false,
    pixels: [INK, PAPER],
  },
  "4-bit palette": {
    ...{ tags: { [BITS]: [4], [PHOTOMETRIC]: [3], [PALETTE]: palette(4) }, data: [0x10] },
    pixels: [INK, PAPER],
  },
  "YCbCr": {
    tags: { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [6], [SUBSAMPLING]: [1, 1] },
    data: [4, 128, 128, 76, 85, 255],
    pixels: [DARK, [76, 254, 0, 0, 255]],
  },
};

Deno.test("decodeImage() reads every kind of TIFF in every number of channels", async (t) => {
  for (const [name, { pixels, ...kind }] of Object.entries(KINDS)) {
    await t.step(
      name,
      () => assertDecodes(tiffOf({ width: 2, height: 1, ...kind }), [2, 1], pixels),
    );
  }
});

Deno.test("decodeImage() reads TIFFs in strips, in either byte order", async () => {
  for (const little of [false, true]) {
    for (const big of [false, true]) {
      const tags = { [BITS]: [8], [PHOTOMETRIC]: [3], [PALETTE]: palette(8) };
      const size = { width: 2, height: 2, strips: 2 };
      const file = tiffOf({ ...size, tags, data: [1, 0, 0, 1], little, big });
      await assertDecodes(file, [2, 2], [INK, PAPER, PAPER, INK]);
    }
  }
});

Deno.test("decodeImage() reads the YCbCr of a JPEG in a TIFF", async () => {
  const blocks = [[4, 128, 128], [76, 85, 255]];
  const tags = { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [6], [COMPRESSION]: [7] };
  const data = jpegFile({ columns: 2, blocks });
  const row = [...Array(8).fill(DARK), ...Array(8).fill([76, 254, 0, 0, 255])];
  await assertDecodes(
    tiffOf({ width: 16, height: 8, tags, data }),
    [16, 8],
    Array(8).fill(row).flat(),
  );
});

Deno.test("decodeImage() says which kind of TIFF it cannot read", async (t) => {
  const kinds: Record<string, Kind> = {
    "color must be grey, a palette, RGB or YCbCr, got kind 8": {
      tags: { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [8] },
      data: [1, 2, 3, 4, 5, 6],
    },
    "samples must not have a sign": {
      tags: { [BITS]: [8], [PHOTOMETRIC]: [1], [FORMAT]: [2] },
      data: [1, 2],
    },
    "floats must be 0 to 1, got 300": {
      tags: { [BITS]: [32], [PHOTOMETRIC]: [1], [FORMAT]: [3] },
      data: floatBytes(0.5, 300),
    },
    "YCbCr outside JPEG must have a chroma for each pixel": {
      tags: { [BITS]: [8, 8, 8], [PHOTOMETRIC]: [6], [SUBSAMPLING]: [2, 1] },
      data: [1, 2, 3, 4, 5, 6],
    },
    "a palette of 8 bits must have 768 values": {
      tags: { [BITS]: [8], [PHOTOMETRIC]: [3], [PALETTE]: palette(4) },
      data: [1, 2],
    },
    "tiles of 65535 x 65535 pixels": {
      tags: { [BITS]: [8, 8], [PHOTOMETRIC]: [1], 322: [65535], 323: [65535], 324: [8], 325: [4] },
      ...{ data: [1, 2, 3, 4], strips: 0 },
    },
    "samples must be of equal bits": {
      tags: { [BITS]: [8], [PHOTOMETRIC]: [1], [PLANES]: [2], 277: [2], 279: [] },
      data: [1, 2, 3, 4],
    },
    "7 samples a pixel": {
      tags: { [BITS]: Array(7).fill(8), [PHOTOMETRIC]: [1] },
      data: Array(14).fill(9),
    },
  };
  for (const [reason, kind] of Object.entries(kinds)) {
    await t.step(reason, () => assertRefused(tiffOf({ width: 2, height: 1, ...kind }), reason));
  }
});

Deno.test("decodeImage() makes no room for a table that the file cannot hold", async () => {
  const tags = { [BITS]: [8], [PHOTOMETRIC]: [3], [PALETTE]: palette(8) };
  const file = tiffOf({ width: 2, height: 1, tags, data: [1, 0] });
  const [last, countAt] = [9, 4]; // the palette's entry, and where it says how many values follow
  new DataView(file.buffer).setUint32(8 + 2 + 12 * last + countAt, 1 << 30, true);
  await assertRefused(file, "a table reaches past the end of the file");
});

async function assertRefused(file: Uint8Array, reason: string): Promise<void> {
  await rejects(decodeImage(file), {
    message: `Cannot decode image: TIFF data must be complete and intact, got ${file.length} ` +
      `bytes that do not decode (${reason}); replace the file`,
  });
}
