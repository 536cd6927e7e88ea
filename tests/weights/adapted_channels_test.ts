import { deepEqual, equal, rejects } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { openBackbone } from "../../src/eval/open_backbone.ts";
import { loadModel } from "../../src/inference/load_model.ts";
import { adaptChannels } from "../../src/weights/adapted_channels.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { TINY_PTH } from "../support/weights_server.ts";

/** `[2, 3, 2]`: two rows, three channels, two pixels. */
const RGB = Float32Array.of(1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400);

Deno.test("adaptChannels() sums for one channel, and repeats in turn for others", () => {
  deepEqual([...adaptChannels(RGB, [3, 1], 2)], [111, 222, 333, 444]);
  deepEqual([...adaptChannels(RGB, [3, 2], 2)], [1.5, 3, 15, 30, 4.5, 6, 45, 60]);
  const four = [0.75, 1.5, 7.5, 15, 75, 150, 0.75, 1.5, 2.25, 3, 22.5, 30, 225, 300, 2.25, 3];
  deepEqual([...adaptChannels(RGB, [3, 4], 2)], four);
  const third = Math.fround(1 / 3);
  deepEqual([...adaptChannels(Float32Array.of(1), [1, 3], 1)], [third, third, third]);
});

Deno.test("a model of one channel sees a grey image as that of three sees its grey", async () => {
  const messages: string[] = [];
  const find = { onMessage: (message: string) => void messages.push(message) };
  using three = await loadModel(TINY_PTH, { numHeads: 2 });
  using one = await loadModel(TINY_PTH, { numHeads: 2, numChannels: 1, find });
  deepEqual(messages, ["patch embedding of 3 channels adapted to 1 channel: summed"]);
  deepEqual([three.config.inChans, one.config.inChans], [3, 1]);
  const gray = randomArray(28 * 28, { seed: 1 });
  const shape = { images: 1, size: [28, 28] } as const;
  const [a, b] = [
    await three.forwardFeatures(Float32Array.from([...gray, ...gray, ...gray]), shape),
    await one.forwardFeatures(gray, shape),
  ];
  assertAllClose(b.clsToken, a.clsToken);
  assertAllClose(b.patchTokens, a.patchTokens);
});

Deno.test("loadModel() refuses channels that no image has", async () => {
  for (const numChannels of [0, 5, 1.5]) {
    const message = `must be 1 to 4, got ${numChannels}`;
    await rejects(
      loadModel(TINY_PTH, { numHeads: 2, numChannels }),
      new ConfigError([{ key: "num_channels", message }]),
    );
  }
});

Deno.test("openBackbone() gives views of the channels that are asked for", async () => {
  for (const checkpoint of ["dinov2/vittest", TINY_PTH]) {
    const num_heads = checkpoint === TINY_PTH ? 2 : null;
    using backbone = await openBackbone(checkpoint, { num_heads, num_channels: 4 });
    equal(backbone.model.config.inChans, 4);
    equal(backbone.views.num_channels, 4);
    equal(backbone.views.normalize.mean.length, 4);
  }
});
