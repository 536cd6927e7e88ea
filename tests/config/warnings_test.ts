import { deepEqual } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { type RunFacts, warningsOf } from "../../src/config/warnings.ts";

const RUN = { out: "runs/a", data: "photos", model: "dinov2/vitti14" };
const FACTS = { images: 100_000, batchSize: 128, stepsPerEpoch: 781, totalSteps: 125_000 };

/** Checks that a run of these settings and facts is warned of exactly this. */
function warns(
  options: Partial<TrainOptions>,
  facts: Partial<RunFacts>,
  ...warnings: string[]
) {
  const config = resolveConfig({ ...RUN, ...options });
  deepEqual(warningsOf(config, { ...FACTS, ...facts }), warnings);
}

Deno.test("warningsOf() has nothing to say about the reference's run", () => {
  warns({}, {});
});

Deno.test("warningsOf() tells of schedules that are longer than the run, with enough epochs", () => {
  warns(
    {},
    { totalSteps: 20_000 },
    "the run has too few steps, 20000, for method_args.teacher_temp_warmup_steps 37500; lower " +
      "what is longer than the run, or train for about 125000 steps, epochs=161 with these images",
  );
  warns(
    { method_args: { student_freeze_backbone_steps: 10 } },
    { totalSteps: 10, stepsPerEpoch: 2.5 },
    "the run has too few steps, 10, for method_args.warmup_steps 12500, " +
      "method_args.teacher_temp_warmup_steps 37500, " +
      "method_args.student_freeze_last_layer_steps 1250, " +
      "method_args.student_freeze_backbone_steps 10; lower what is longer than the run, or train " +
      "for about 125000 steps, epochs=50000 with these images",
  );
  warns({}, { totalSteps: 0 });
  const short = {
    warmup_steps: 9,
    teacher_temp_warmup_steps: 9,
    student_freeze_last_layer_steps: 0,
  };
  warns({ method_args: short }, { totalSteps: 10 });
  const flat = { ...short, teacher_temp_warmup_steps: 99, teacher_temp_end: 0.04 };
  warns({ method_args: flat }, { totalSteps: 10 });
});

Deno.test("warningsOf() tells of batches too small for the KoLeo loss", () => {
  warns({}, { batchSize: 32 });
  warns(
    {},
    { batchSize: 31 },
    "batch_size 31 is small for the KoLeo loss, which spreads each image from its nearest in the " +
      "batch; raise it to 32 or more, or lower method_args.koleo_loss_weight 0.1",
  );
  warns({ method_args: { koleo_loss_weight: 0 } }, { batchSize: 2 });
});

Deno.test("warningsOf() tells of images that are few for the reference's settings", () => {
  warns({}, { images: 20_000 });
  warns(
    {},
    { images: 19_999 },
    "19999 images are few for the reference's settings, with which features of a network that " +
      "starts at random turn constant; start from preset=small, which is for thousands of images",
  );
  warns({ checkpoint: "a.pth" }, { images: 19_999 });
  warns({ model: "dinov2/vits14" }, { images: 19_999 });
  warns({ preset: "small" }, { images: 2000 });
  warns({ method_args: { output_dim: 2000 } }, { images: 2000 });
});

Deno.test("warningsOf() tells of more prototypes than the images can fill", () => {
  const many = { preset: "small" as const, method_args: { output_dim: 65536 } };
  warns(many, { images: 6554 });
  warns(
    many,
    { images: 6553 },
    "method_args.output_dim 65536 is much for 6553 images, which cannot fill as many prototypes; " +
      "lower it, it costs memory and time",
  );
});

Deno.test("warningsOf() tells of an iBOT loss without masked patches", () => {
  warns(
    { method_args: { mask_probability: 0 } },
    {},
    "method_args.ibot_loss_weight 1 has nothing to weigh: no patch is masked; raise " +
      "method_args.mask_probability and mask_ratio_max, or set the weight to 0",
  );
  warns({ method_args: { mask_probability: 0, ibot_loss_weight: 0 } }, {});
});
