import { deepEqual } from "node:assert/strict";
import { writeSafetensors } from "../../src/safetensors_file.ts";
import {
  type KeepPolicy,
  readCheckpointName,
  toRemove,
} from "../../src/training/kept_checkpoints.ts";

const NEWEST: KeepPolicy = { save_top_k: 1, monitor: null, mode: "min" };

/** The steps that are kept of those with these losses; NaN for a file without metrics. */
async function keptOf(losses: Record<number, number>, policy: Partial<KeepPolicy>, newest = 5) {
  const folder = await Deno.makeTempDir();
  try {
    const files = Object.keys(losses).map((step) => ({
      path: `${folder}/${step}.safetensors`,
      step: Number(step),
      epoch: 0,
    }));
    for (const { path, step } of files) {
      const metrics = JSON.stringify({ step, train_loss: losses[step] });
      await writeSafetensors(path, [], Number.isNaN(losses[step]) ? {} : { metrics });
    }
    const removed = await toRemove(files, newest, { ...NEWEST, ...policy });
    return files.filter((file) => !removed.includes(file)).map(({ step }) => step);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readCheckpointName() reads the names of checkpoints alone", () => {
  deepEqual(readCheckpointName("epoch=2-step=150.safetensors"), { epoch: 2, step: 150 });
  for (
    const name of ["last.safetensors", "epoch=2-step=150.safetensors.tmp", "step=1.safetensors"]
  ) {
    deepEqual(readCheckpointName(name), undefined);
  }
});

Deno.test("toRemove() keeps the newest, and the one before to fall back to", async () => {
  const losses = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5 };
  deepEqual(await keptOf(losses, {}), [4, 5]);
  deepEqual(await keptOf(losses, { save_top_k: 0 }), [4, 5]);
  deepEqual(await keptOf(losses, { save_top_k: 3 }), [3, 4, 5]);
  deepEqual(await keptOf(losses, { save_top_k: 9 }), [1, 2, 3, 4, 5]);
  deepEqual(await keptOf(losses, { save_top_k: -1 }), [1, 2, 3, 4, 5]);
});

Deno.test("toRemove() keeps the best by a metric, whichever session wrote them", async () => {
  const losses = { 1: 3, 2: 1, 3: 2, 4: 9, 5: 8 };
  const by = (policy: Partial<KeepPolicy>) => keptOf(losses, { monitor: "train_loss", ...policy });
  deepEqual(await by({}), [2, 4, 5]);
  deepEqual(await by({ save_top_k: 2 }), [2, 3, 4, 5]);
  deepEqual(await by({ mode: "max" }), [4, 5]);
  deepEqual(await keptOf({ ...losses, 1: 1 }, { monitor: "train_loss" }), [2, 4, 5]); // the newer
});

Deno.test("toRemove() counts a file without the metric as worst", async () => {
  const losses = { 1: 3, 2: NaN, 3: 7, 4: 9, 5: 8 };
  deepEqual(await keptOf(losses, { monitor: "train_loss", save_top_k: 2 }), [1, 3, 4, 5]);
  deepEqual(await keptOf(losses, { monitor: "tarin_loss" }), [4, 5]);
});

Deno.test("toRemove() removes what lies after the step that was saved", async () => {
  deepEqual(await keptOf({ 1: 1, 2: 2, 3: 3, 4: 4 }, { save_top_k: -1 }, 3), [1, 2, 3]);
  deepEqual(await keptOf({ 1: 1, 2: 2, 3: 3, 4: 4 }, {}, 3), [2, 3]);
});
