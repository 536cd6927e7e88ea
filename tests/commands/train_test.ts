import { deepEqual, equal, match, ok } from "node:assert/strict";
import { EXIT } from "../../src/commands/command_line.ts";
import { describeEnd, describeStart, train } from "../../src/commands/train.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { Schedules } from "../../src/optim/schedules.ts";
import type { RunStart } from "../../src/training/observer.ts";
import { recordedContext } from "../support/run_program.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const CONFIG = resolveConfig({ out: "runs/a", data: ["photos", "more"], model: "dinov2/vittest" });

const START: RunStart = {
  variants: {},
  config: CONFIG,
  adapter: { ...DEFAULT_FACTS, name: "A GPU" },
  precision: "32-true",
  images: 900,
  batchSize: 8,
  stepsPerEpoch: 112,
  totalSteps: 280,
  startStep: 0,
  memoryBytes: 2 ** 24,
  parameters: [],
  schedules: new Schedules({
    method: CONFIG.method_args,
    optim: CONFIG.optim_args,
    batchSize: 8,
    totalSteps: 280,
  }),
};

const END = {
  steps: 280,
  finished: true,
  reason: "all steps are done",
  harmed: false,
  last: undefined,
  checkpoint: "runs/a/checkpoints/epoch=2-step=280.safetensors",
  exported: "runs/a/exported_models/exported_last.safetensors",
};

Deno.test("a run begins with what it is about to do", () => {
  equal(
    describeStart(START),
    "dinov2/vittest on 900 images of photos, more\n" +
      "A GPU, precision 32-true, 16.0 MiB of GPU memory\n" +
      "280 steps of 8 images, 2.5 epochs",
  );
  match(
    describeStart({ ...START, startStep: 100, totalSteps: 112 }),
    /\nresuming at step 100 of 112 steps of 8 images, 1 epoch$/,
  );
});

Deno.test("a run ends with what it left, and how to go on", () => {
  equal(
    describeEnd(END, START, 70_000),
    `done after 280 steps; 1:10 in all, 32.0 images/s
checkpoint runs/a/checkpoints/epoch=2-step=280.safetensors
teacher    runs/a/exported_models/exported_last.safetensors
metrics    runs/a/metrics.jsonl
log        runs/a/train.log
pictures   runs/a/augmentations.png, of the first batch`,
  );
  const start = { ...START, config: { ...START.config, out: "my runs/a" } };
  const end = { ...END, finished: false, reason: "interrupted", steps: 50 };
  const lines = describeEnd(end, start, 1000).split("\n");
  match(lines[0], /^stopped \(interrupted\) after 50 steps; /);
  equal(lines.at(-1), "go on      deno run -A cli.ts resume 'my runs/a'");
});

Deno.test("train tells of a run, warnings in color where colors are", () =>
  withTinyRun(async (folder, data) => {
    const config = resolveConfig({ ...TINY_RUN, data, out: `${folder}/run`, steps: 2 });
    const { context, printed } = recordedContext({ color: true });
    equal(await train(config, context), EXIT.ok);
    deepEqual(printed.out, "");
    const lines = printed.err.split("\n");
    match(lines[0], /^dinov2\/vittest on 8 images of /);
    ok(lines.includes(
      "\x1b[33mwarning:\x1b[0m batch_size 4 is small for the KoLeo loss, which " +
        "spreads each image from its nearest in the batch; raise it to 32 or more, or lower " +
        "method_args.koleo_loss_weight 0.1",
    ));
    match(printed.err, /^step 1\/2 {2}loss \d+\.\d{3} {2}dino /m);
    ok(lines.some((line) => /^done after 2 steps; 0:\d\d in all, /.test(line)), printed.err);
  }, 8));
