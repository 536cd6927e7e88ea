import { deepEqual, equal, throws } from "node:assert/strict";
import { keepChannels } from "../../src/views/keep_channels.ts";

const IMAGE = { width: 2, height: 1, channels: 4, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };

Deno.test("keepChannels() picks channels of every pixel", () => {
  const { pixels, channels } = keepChannels(IMAGE, [1, 3]);
  deepEqual([channels, pixels], [2, Uint8Array.of(2, 4, 6, 8)]);
  equal(keepChannels(IMAGE, [0, 1, 2, 3]), IMAGE);
});

Deno.test("keepChannels() refuses a channel that the image lacks", () => {
  throws(
    () => keepChannels({ ...IMAGE, width: 4, channels: 2 }, [0, 2]),
    new RangeError(
      "Cannot keep channel 2: an image must have at least 3 channels, got 2; decode it to as many",
    ),
  );
});
