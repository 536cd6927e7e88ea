import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { TrainOptions } from "../../src/config/train_config.ts";
import type { StepProfile } from "../../src/profile/step_profile.ts";
import { plan } from "../../src/training/plan_report.ts";
import { profileStep } from "../../src/training/profile_step.ts";
import { train } from "../../src/training/train.ts";
import { lossesOf, tensorsOf } from "../support/child_run.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const LAST = "checkpoints/last.safetensors";

async function profileIn(out: string): Promise<StepProfile> {
  return JSON.parse(await readFile(`${out}/profile/profile.json`, "utf8"));
}

/** A run in `out`, and what it said. */
async function messagesOf(options: TrainOptions): Promise<string[]> {
  const messages: string[] = [];
  await train(options, { onMessage: (message) => messages.push(message) });
  return messages;
}

const LOWERED = (steps: number, left: number) =>
  `warning: profile lowered from 10 to ${steps}: it takes 22 steps, and ${left} are left`;

Deno.test("a profiled run is the same as one that is not, bit for bit", async (t) => {
  await withTinyRun(async (folder, data) => {
    const views_on = "gpu" as const;
    const run = { ...TINY_RUN, data, steps: 5, views_on, gradient_accumulation_steps: 2 };
    const [plain, profiled] = [`${folder}/plain`, `${folder}/profiled`];
    await train({ ...run, out: plain });
    const messages = await messagesOf({ ...run, out: profiled, profile: 10 });
    deepEqual(lossesOf(profiled), lossesOf(plain));
    deepEqual(await tensorsOf(`${profiled}/${LAST}`), await tensorsOf(`${plain}/${LAST}`));
    const { steps, dispatches, batchSize, dataWaitShare } = await profileIn(profiled);

    await t.step("of a short run fewer steps are profiled, and it says so", () => {
      ok(messages.includes(LOWERED(1, 5)), messages.join("\n"));
      ok(messages.some((message) => message.startsWith("profile: host ")), messages.join("\n"));
      deepEqual([steps, batchSize], [1, 8]);
      ok(dataWaitShare !== null && dataWaitShare >= 0);
    });
    await t.step("every dispatch of the plan is in it, with its FLOPs", async () => {
      const { phases } = await plan({ ...run, out: "-" });
      deepEqual(phases.map(({ phase }) => phase), ["views", "begin", "accumulate", "update"]);
      for (const { phase, dispatches: planned, flops } of phases) {
        const found = dispatches.filter((each) => each.phase === phase);
        equal(found.length, planned, phase);
        const times = phase === "accumulate" || phase === "views" ? 2 : 1;
        equal(found.reduce((sum, each) => sum + each.flops, 0), times * flops, phase);
      }
    });
    await t.step("it is left as text, picture and trace", async () => {
      const trace = JSON.parse(await readFile(`${profiled}/profile/trace.json`, "utf8"));
      ok(trace.traceEvents.some(({ name }: { name: string }) => name === "data wait"));
      match(await readFile(`${profiled}/profile/profile.md`, "utf8"), /^# Where the time/);
      equal((await readFile(`${profiled}/profile/profile.png`)).subarray(1, 4).toString(), "PNG");
    });
  });
});

Deno.test("a run that ends in the warm-up is not profiled, and it says so", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const messages = await messagesOf({ ...TINY_RUN, data, out, steps: 3, profile: 10 });
    ok(messages.includes(LOWERED(0, 3)), messages.join("\n"));
    ok(!existsSync(`${out}/profile`));
  });
});

Deno.test("profileStep() runs on noise, and leaves files only where it is told to", async () => {
  await withTinyRun(async (folder) => {
    const out = `${folder}/profile`;
    const steps: string[] = [];
    const profile = await profileStep({ ...TINY_RUN, profile: 1, out }, {
      onStep: (done, total) => steps.push(`${done}/${total}`),
    });
    deepEqual(steps, ["1/4", "2/4", "3/4"]); // the last one is told by what is returned
    deepEqual(JSON.parse(await readFile(`${out}/profile.json`, "utf8")), profile);
    const { flops } = await plan({ ...TINY_RUN, views_on: "workers" });
    equal(profile.flops, flops);
    ok(profile.gpuMs > 0 && profile.hostShare > 0 && profile.limits !== null);
  }, 1);
});
