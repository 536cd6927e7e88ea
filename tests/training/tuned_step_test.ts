import { deepEqual, equal } from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { Choices } from "../../src/gpu/choice.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { RunFolder } from "../../src/training/run_folder.ts";
import { noteVariants } from "../../src/training/run_notes.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { describeTuning, tunedRunStep } from "../../src/training/tuned_step.ts";
import { withFolder } from "../support/folders.ts";
import { TINY_RUN } from "../support/tiny_run.ts";

Deno.test("a resumed run goes on with the variants that it took, whatever autotune says", async () => {
  await withFolder(async (out) => {
    const options = { ...TINY_RUN, out, data: "-", kernels: "gpu", autotune: "off" } as const;
    const config = resolveConfig(options);
    const open = await openDevice(config);
    try {
      const folder = new RunFolder(out);
      await mkdir(folder.checkpoints);
      const record = (choices?: Choices) =>
        recordStep(open.facts, stepShape(config), null, [], choices);
      const said: string[] = [];
      const observer = { onMessage: (message: string) => said.push(message) };
      const tuned = async (changes: object) => {
        const signal = { aborted: false };
        const changed = { ...config, ...changes };
        return await tunedRunStep(record(), record, open, changed, folder, observer, signal);
      };

      const { variants, recorded } = await tuned({});
      const key = [...recorded.plan.choices.keys()].find((each) => each.startsWith("matmul."))!;
      deepEqual(Object.keys(variants), [...recorded.plan.choices.keys()]);
      equal(variants[key].variant, "128x64");
      const other = { ...variants, [key]: { ...variants[key], variant: "64x64" } };
      await noteVariants(other, folder, open.facts);

      for (const autotune of ["off", "on", "force"]) {
        const resumed = await tuned({ autotune, resume_interrupted: true });
        deepEqual(resumed.variants, other, autotune);
        equal(resumed.recorded.plan.choices.get(key)!.variant, "64x64");
      }
      equal((await tuned({})).variants[key].variant, "128x64"); // a new run in the folder
      deepEqual(said, []);
    } finally {
      open.close();
    }
  });
});

Deno.test("describeTuning() says how many kernels were measured, and what came of it", () => {
  const variants = {
    a: { variant: "64x64", kernels: "", ms: { "128x64": 2, "64x64": 1 } },
    b: { variant: "128x64", kernels: "", ms: { "128x64": 1, "64x64": 1 } },
    c: { variant: "128x64", kernels: "" },
  };
  const rest = { left: 0, failed: 0, elapsedMs: 2345, path: "p" };
  const tuning = { variants, choices: new Map(), measured: 2, ...rest };
  equal(
    describeTuning(tuning),
    'measured the variants of 2 kernels in 2.3 s: 1 of them has a faster one than built in; kept in "p"',
  );
  equal(
    describeTuning({
      ...tuning,
      variants: { b: variants.b, c: variants.c },
      left: 1,
      failed: 3,
      path: null,
    }),
    "measured the variants of 2 kernels in 2.3 s: 0 of them have a faster one than built in; " +
      "there was no time for 1 more; 3 more could not be measured",
  );
});
