import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { resumeRun } from "../../src/training/resume_run.ts";
import { train } from "../../src/training/train.ts";
import { assertAllClose } from "../support/arrays.ts";
import { lossesOf, tensorsOf } from "../support/child_run.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const STEPS = 14;
const LAST = "checkpoints/last.safetensors";

const open = await openDevice();
const ignore = !open.facts.shaderF16;
open.close();

Deno.test({
  name: "a run in 16-mixed follows that in 32-true, and resumes bit for bit",
  ignore,
  fn: async () => {
    await withTinyRun(async (folder, data) => {
      const [full, whole, cut] = ["full", "whole", "cut"].map((name) => `${folder}/${name}`);
      // Not as the reference has it: 1e-5 of a branch is less than f16 tells of the stream.
      const model_args = { ...TINY_RUN.model_args, init_values: 1 };
      const run: TrainOptions = { ...TINY_RUN, model_args, data, out: whole, steps: STEPS };
      const options = { ...run, precision: "16-mixed" as const };
      await train({ ...options, out: full, precision: "32-true" });
      await train(options);
      // It ends within its schedules, as an interrupted one does.
      const stop = new AbortController();
      await train({ ...options, out: cut }, {
        signal: stop.signal,
        onStep: ({ step }) => step === STEPS - 4 && stop.abort(),
      });
      equal((await resumeRun(cut)).steps, STEPS);

      const rows = lossesOf(whole);
      deepEqual(lossesOf(cut), rows);
      deepEqual(await tensorsOf(`${cut}/${LAST}`), await tensorsOf(`${whole}/${LAST}`));
      ok((await tensorsOf(`${whole}/${LAST}`)).has("loss_scale"));
      const exact = lossesOf(full)[0];
      ok(!("loss_scale" in exact));
      assertAllClose([rows[0].train_loss!], [exact.train_loss!], { rtol: 2 ** -11 });
      // Gradients of so small a batch are large: the scale falls until a step counts.
      const skipped = rows.filter((row) => row.grad_norm === undefined).length;
      ok(skipped > 0 && skipped < STEPS - 2, `${skipped} skipped`);
      equal(rows[0].loss_scale, 65536);
      equal(rows.at(-1)!.loss_scale, 65536 / 2 ** skipped);
      equal(rows.at(-1)!.skipped_steps, skipped);
      const log = await readFile(`${whole}/train.log`, "utf8");
      match(log, /precision: 16-mixed; the step takes/);
      equal(log.match(/: skipped, for its gradients/g)?.length ?? 0, skipped);
    });
  },
});
