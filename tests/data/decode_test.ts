import { deepEqual, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import { decodeImage } from "../../src/data/decode.ts";

/** A PNG file from raw scan lines, each with its filter byte. */
function pngFile(
  { width, height, depth, colorType, lines, extra = [] }: {
    width: number;
    height: number;
    depth: number;
    colorType: number;
    lines: number[];
    extra?: [type: string, data: number[]][];
  },
): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType], 8);
  return new Uint8Array(Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", header),
    ...extra.map(([type, data]) => chunk(type, Uint8Array.from(data))),
    chunk("IDAT", deflateSync(Uint8Array.from(lines))),
    chunk("IEND", new Uint8Array()),
  ]));
}

Deno.test("decodeImage() turns every kind of PNG into RGB", async (t) => {
  const palette: [string, number[]] = ["PLTE", [9, 8, 7, 200, 100, 50]];
  const size = { width: 2, height: 1 };
  const kinds = {
    "grey": { depth: 8, colorType: 0, lines: [0, 7, 250], rgb: [7, 7, 7, 250, 250, 250] },
    "one-bit grey": { depth: 1, colorType: 0, lines: [0, 64], rgb: [0, 0, 0, 255, 255, 255] },
    "RGB": { depth: 8, colorType: 2, lines: [0, 1, 2, 3, 4, 5, 6], rgb: [1, 2, 3, 4, 5, 6] },
    "16-bit RGB": {
      depth: 16,
      colorType: 2,
      lines: [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0],
      rgb: [1, 2, 3, 4, 5, 6],
    },
    "palette": {
      depth: 8,
      colorType: 3,
      lines: [0, 1, 0],
      extra: [palette],
      rgb: [200, 100, 50, 9, 8, 7],
    },
    "grey with alpha": {
      depth: 8,
      colorType: 4,
      lines: [0, 7, 0, 9, 255],
      rgb: [7, 7, 7, 9, 9, 9],
    },
    "RGB with alpha": {
      depth: 8,
      colorType: 6,
      lines: [0, 1, 2, 3, 0, 4, 5, 6, 128],
      rgb: [1, 2, 3, 4, 5, 6],
    },
  };
  for (const [name, { rgb, ...kind }] of Object.entries(kinds)) {
    await t.step(name, async () => {
      const image = await decodeImage(pngFile({ ...size, ...kind } as never));
      deepEqual(image, { ...size, data: Uint8Array.from(rgb) });
    });
  }
});

Deno.test("decodeImage() refuses broken files and goes on with the next", async () => {
  const whole = pngFile({ width: 1, height: 1, depth: 8, colorType: 0, lines: [0, 5] });
  await rejects(
    decodeImage(whole.subarray(0, 40)),
    new RegExp(
      "^Error: Cannot decode image: PNG data must be complete and intact, got 40 bytes that do " +
        "not decode; replace the file$",
    ),
  );
  await rejects(
    decodeImage(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1)),
    new RegExp(
      "^Error: Cannot decode image: JPEG data must be complete and intact, got 5 bytes that do " +
        "not decode; replace the file$",
    ),
  );
  await rejects(decodeImage(Uint8Array.of(1, 2, 3)), {
    message: "Cannot decode image: file must be a JPEG or a PNG, got 3 bytes that start with " +
      "[01 02 03]; convert the file",
  });
  deepEqual([...(await decodeImage(whole)).data], [5, 5, 5]);
});
