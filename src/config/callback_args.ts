import { EvaluationArgs } from "./evaluation_args.ts";
import { z } from "../deps/zod.ts";

const every = () => z.int().min(1).nullable();
const mode = () => z.enum(["min", "max"]).default("min");
const metric = () => z.string().min(1);

const ModelCheckpointArgs = z.strictObject({
  every_n_train_steps: every().default(1000)
    .describe("Steps between two checkpoints; null for none by steps"),
  every_n_epochs: every().default(null)
    .describe("Epochs between two checkpoints; null for none by epochs"),
  save_top_k: z.int().min(-1).default(1)
    .describe("Checkpoints that are kept beside the last one; -1 keeps all"),
  monitor: metric().nullable().default(null)
    .describe("Metric that says which checkpoints are best, such as train_loss; null for newest"),
  mode: mode().describe("Whether small or large values of the metric are good"),
  save_last: z.boolean().default(true)
    .describe("Keep the newest checkpoint as last.safetensors, to resume from"),
});

const ModelExportArgs = z.strictObject({
  every_n_train_steps: every().default(null)
    .describe("Steps between two exports of the teacher; null for one at the end"),
});

const LearningRateMonitorArgs = z.strictObject({});

const EarlyStoppingArgs = z.strictObject({
  monitor: metric().default("train_loss")
    .describe("Metric whose mean over an epoch must improve"),
  patience: z.int().min(0).default(3)
    .describe("Epochs in a row without an improvement after which the run ends"),
  min_delta: z.number().min(0).default(0)
    .describe("Smallest change that counts as an improvement"),
  mode: mode().describe("Whether small or large values of the metric are good"),
  check_finite: z.boolean().default(true)
    .describe("End the run when the metric is not a finite number"),
});

const DeviceStatsMonitorArgs = z.strictObject({});

/** What happens beside the steps of a run. */
export const CallbackArgs = z.strictObject({
  model_checkpoint: ModelCheckpointArgs.prefault({})
    .describe("When checkpoints are written, and which are kept"),
  model_export: ModelExportArgs.nullable().prefault({})
    .describe("Export of the teacher's backbone; null for none"),
  learning_rate_monitor: LearningRateMonitorArgs.nullable().prefault({})
    .describe(
      "Learning rates of head, last block and patch embedding among the metrics; null for none",
    ),
  early_stopping: EarlyStoppingArgs.nullable().default(null)
    .describe("Ending the run when a metric no longer improves; null for never"),
  device_stats_monitor: DeviceStatsMonitorArgs.nullable().default(null)
    .describe("Memory of process, system and GPU among the logged metrics, with {}; null for none"),
  ...EvaluationArgs.shape,
});

/** What happens beside the steps of a run. */
export type CallbackArgs = z.infer<typeof CallbackArgs>;
