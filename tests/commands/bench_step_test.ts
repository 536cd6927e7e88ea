import { deepEqual, equal, ok } from "node:assert/strict";
import type { TrainConfig } from "../../src/config/train_config.ts";
import { stepProfile } from "../../src/profile/step_profile.ts";
import { madeRecord } from "../support/made_profile.ts";
import { runWith } from "../support/run_program.ts";

/** Runs the program, with a made profile in place of one that takes long. */
async function benchStep(...args: string[]) {
  const asked: [TrainConfig, string | null][] = [];
  const ran = await runWith(["bench", "step", ...args], {
    benchStep: (config, out) => {
      asked.push([config, out]);
      return Promise.resolve(stepProfile(madeRecord()));
    },
  });
  return { ...ran, asked };
}

Deno.test("bench step profiles a step that fits the adapter, or the one it is told", async () => {
  const usual = await benchStep();
  deepEqual([usual.code, usual.err], [0, ""]);
  ok(usual.out.startsWith("dinov2/vittest, 4 images a step, on made\n"), usual.out);
  equal(usual.asked[0][1], null);
  const { asked: [[config, out]], out: printed } = await benchStep(
    "model=dinov2/vitb14-notpretrained",
    "profile=4",
    "out=out/profile",
  );
  deepEqual([config.model, config.profile, out], [
    "dinov2/vitb14-notpretrained",
    4,
    "out/profile",
  ]);
  ok(printed.endsWith("\nin out/profile: profile.md, profile.json, profile.png, trace.json\n"));
  const other = await benchStep("batch_size=3");
  deepEqual(other.asked[0][0].batch_size, 3);
});

Deno.test("bench step prints the whole profile with --json", async () => {
  const { out } = await benchStep("--json", "out=a");
  const profile = JSON.parse(out);
  ok(profile.kernels.length > 5 && profile.dispatches.length > 50);
});

Deno.test("bench step refuses what is no setting", async () => {
  const { code, err } = await benchStep("batchsize=3");
  equal(code, 2);
  ok(err.includes("batch_size"), err);
});
