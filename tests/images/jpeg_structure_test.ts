import { equal, ok } from "node:assert/strict";
import { isWholeJpeg } from "../../src/images/jpeg_structure.ts";
import { exif, jpegFile } from "../support/image_files.ts";

const COLORS = [[100, 3, 200], [7, 8, 9], [255, 0, 128], [1, 2, 3]];

Deno.test("isWholeJpeg() follows the parts of a file to its end", () => {
  const file = jpegFile({ columns: 2, blocks: COLORS, progressive: true, exif: exif(1) });
  ok(isWholeJpeg(file));
  for (let length = 2; length < file.length; length++) {
    equal(isWholeJpeg(file.subarray(0, length)), false, `${length} bytes`);
  }
  const startOfScan = file.lastIndexOf(0xda); // its length says where the coded data begins
  for (const marker of [0x01, 0x77, 0xd8]) {
    const torn = file.slice();
    torn.set([0xff, marker], startOfScan + 13);
    equal(isWholeJpeg(torn), false, `marker ${marker}`);
  }
});
