import type { StepMemory } from "./checkpoint.ts";
import { TrainingError } from "./metrics.ts";

/**
 * The memory of a step, which refuses to give values that are not finite: the loss of a step may
 * still be sound when its update no longer is, and that must not replace a good checkpoint.
 *
 * @param stepsDone Told in the error.
 */
export function finiteOnly(memory: StepMemory, stepsDone: number): StepMemory {
  return {
    write: (tensor, data) => memory.write(tensor, data),
    download: async (tensor) => {
      const values = await memory.download(tensor);
      if (allFinite(values)) return values;
      throw new TrainingError(
        `Cannot save step ${stepsDone}: ${tensor.label} must be finite, got ` +
          `${values.find((value) => !Number.isFinite(value))}; resume from the last checkpoint ` +
          "with a lower optim_args.lr, or a lower method_args.gradient_clip_val",
      );
    },
  };
}

/** Nothing times 0 is anything but 0, unless it is not finite; twice as fast as asking each. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  return sum === 0;
}
