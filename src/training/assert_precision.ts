import type { TrainConfig } from "../config/train_config.ts";
import type { AdapterFacts, OpenDevice } from "../gpu/device.ts";
import { GpuError } from "../gpu/errors.ts";
import { checkHalf } from "../machine/gpu_checks.ts";

/** Why an adapter cannot run a precision, by what it offers; null if it can. */
export function precisionRefusal(
  { name, shaderF16 }: AdapterFacts,
  { precision }: Pick<TrainConfig, "precision">,
): string | null {
  if (precision !== "16-mixed" || shaderF16) return null;
  return `Cannot run precision=16-mixed on ${name}: it must offer shader-f16, got none; use ` +
    "precision=32-true, or the newest driver of the GPU";
}

/**
 * Refuses a precision that the adapter does not offer, or gets wrong: numbers stored as f16 are
 * tried in a few milliseconds.
 *
 * @throws {GpuError} Says what is missing, and what to use instead.
 */
export async function assertPrecision(
  { facts, device }: Pick<OpenDevice, "facts" | "device">,
  config: Pick<TrainConfig, "precision">,
): Promise<void> {
  const refusal = precisionRefusal(facts, config);
  if (refusal !== null) throw new GpuError(refusal);
  if (config.precision !== "16-mixed" || await checkHalf({ device })) return;
  throw new GpuError(
    `Cannot run precision=16-mixed on ${facts.name}: it must store and read f16 right, got wrong ` +
      "numbers; use precision=32-true, or the newest driver of the GPU",
  );
}
