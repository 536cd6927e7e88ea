import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { loadPlain } from "../../src/data/plain_loader.ts";
import { findImages } from "../../src/images/find_images.ts";
import { DEFAULT_TRANSFORM_ARGS } from "../../src/views/view_spec.ts";
import { withImageFolder } from "../support/image_folder.ts";

const OPTIONS = {
  views: { ...DEFAULT_TRANSFORM_ARGS, image_size: [16, 16] as [number, number] },
  framing: "squash" as const,
  batchSize: 2,
  numWorkers: 2,
};

Deno.test("loadPlain() begins where it is told, with the batches of a whole pass", async () => {
  await withImageFolder([16, 20, 24, 28, 32], async (_, data) => {
    await Deno.writeTextFile(join(data, "3.png"), "no picture");
    const images = await findImages(data);
    const whole = await Array.fromAsync(loadPlain(images, OPTIONS));
    deepEqual(whole.map(({ indices }) => indices), [[0, 1], [2], [4]]);
    deepEqual(whole.flatMap(({ errors }) => errors.map(({ index, path }) => [index, path])), [
      [3, "3.png"],
    ]);
    const rest = await Array.fromAsync(loadPlain(images, { ...OPTIONS, start: 2 }));
    deepEqual(rest, whole.slice(1));
    equal((await Array.fromAsync(loadPlain(images, { ...OPTIONS, start: 5 }))).length, 0);
  });
});
