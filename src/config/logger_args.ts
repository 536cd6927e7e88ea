import { z } from "../deps/zod.ts";

const JsonlArgs = z.strictObject({});
const TensorBoardArgs = z.strictObject({});

/** Which files a run writes its metrics to. */
export const LoggerArgs = z.strictObject({
  jsonl: JsonlArgs.nullable().prefault({})
    .describe("Metrics as JSON lines in metrics.jsonl; null for no such file"),
  tensorboard: TensorBoardArgs.nullable().prefault({})
    .describe(
      "Logged metrics as TensorBoard events in events.out.tfevents.*; null for no such file",
    ),
});

/** Which files a run writes its metrics to. */
export type LoggerArgs = z.infer<typeof LoggerArgs>;
