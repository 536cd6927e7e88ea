import type { TrainConfig } from "../../src/config/train_config.ts";
import type { Choices } from "../../src/gpu/choice.ts";
import type { OpenDevice } from "../../src/gpu/device.ts";
import { type RecordedStep, recordStep, stepShape } from "../../src/training/run_setup.ts";
import { tunedStep } from "../../src/training/tuned_step.ts";

/** The step that a run would take: on a GPU with the variants of kernels that are fastest there. */
export async function recordTunedStep(
  open: OpenDevice,
  config: TrainConfig,
): Promise<RecordedStep> {
  const shape = stepShape(config);
  const record = (choices?: Choices) => recordStep(open.facts, shape, null, [], choices);
  const { recorded } = await tunedStep(record(), record, open, { autotune: config.autotune });
  return recorded;
}
