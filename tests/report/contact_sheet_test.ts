import { deepEqual, throws } from "node:assert/strict";
import { contactSheet } from "../../src/report/contact_sheet.ts";
import { decodeImage } from "../../src/images/decode.ts";

Deno.test("contactSheet() lays images out in rows", async () => {
  const flat = (level: number, width: number, height: number) => ({
    width,
    height,
    channels: 3,
    pixels: new Uint8Array(width * height * 3).fill(level),
  });
  const png = contactSheet([flat(10, 6, 5), flat(20, 3, 3), flat(30, 6, 5)], 2);
  const { width, height, pixels } = await decodeImage(png);
  deepEqual([width, height], [4 + 2 * 10, 4 + 2 * 9]);
  const at = (x: number, y: number) => pixels[(y * width + x) * 3];
  deepEqual([at(4, 4), at(14, 4), at(4, 13), at(0, 0), at(17, 4)], [10, 20, 30, 255, 255]);
});

Deno.test("contactSheet() needs an image", () => {
  throws(
    () => contactSheet([], 3),
    new RangeError(
      "Cannot make a contact sheet: images and columns must be at least 1, got 0 and 3",
    ),
  );
});
