import type { DeviceOptions } from "../gpu/device.ts";
import { Gpu } from "../gpu/gpu.ts";
import { replayAugment } from "./augment_case.ts";
import type { Precision } from "../config/device_fields.ts";
import { assertPrecision } from "../training/assert_precision.ts";
import { type GoldenCase, readCase } from "./case.ts";
import { Comparison } from "./comparison.ts";
import { replayMasking } from "./masking_case.ts";
import { replayPretrained } from "./pretrained_case.ts";
import { replaySchedules } from "./schedules_case.ts";
import { replayTraining } from "./training_case.ts";
import { replayUnits } from "./units.ts";

/**
 * Replays recorded cases on the GPU and prints how far every quantity is from the reference.
 *
 * Cases of a kind that is not known are named and left out.
 *
 * @example
 * ```ts
 * import { replayGolden } from "./golden.ts";
 *
 * const failed = await replayGolden(["tests/golden/unit_adamw"]);
 * console.log(failed); // after a line per quantity: 0
 * ```
 *
 * @param folders Each with `case.json` and `tensors.safetensors`.
 * @param options `accelerator`: the kind of adapter to replay them on; `kernels`: the variants that
 * run there, if not those that suit it; `variant`: which one of each choice between several, from the
 * built-in one, 0, to the last; `precision`: how activations are stored, with tolerances of its own.
 * @returns How many quantities are out of tolerance.
 * @throws {CheckpointError} If a folder holds no case, or a damaged one.
 * @throws {GpuError} If there is no such adapter, or it cannot store that precision.
 */
export async function replayGolden(
  folders: readonly string[],
  { print = console.log, precision = "32-true", ...device }:
    & { print?: (line: string) => void; precision?: Precision; variant?: number }
    & DeviceOptions = {},
): Promise<number> {
  using gpu = await Gpu.open({ ...device, elem: precision === "16-mixed" ? "f16" : "f32" });
  await assertPrecision({ facts: gpu.adapter, device: gpu.device }, { precision });
  print(`on ${gpu.adapter.name}, kernels=${gpu.adapter.kernels}, precision=${precision}`);
  const comparison = new Comparison(print, gpu.elem);
  for (const folder of folders) {
    const golden = await readCase(folder);
    const replay = replayOf(golden);
    if (!replay) {
      print(`skipped  ${golden.name}: ${golden.format} records no computation of a run`);
      continue;
    }
    print(`${golden.name} (${golden.format})`);
    await replay(gpu, golden, comparison);
    for (const name of golden.unread()) comparison.missed(`${golden.name}.${name}`);
  }
  comparison.summarize();
  return comparison.failed;
}

function replayOf({ format }: GoldenCase) {
  switch (format) {
    case "dinov2-training-golden/1":
      return replayTraining;
    case "dinov2-unit-golden/1":
      return replayUnits;
    case "dinov2-schedules-golden/1":
      return replaySchedules;
    case "dinov2-augment-golden/1":
      return replayAugment;
    case "dinov2-masking-golden/1":
      return replayMasking;
    case "dinov2-pretrained-golden/1":
      return replayPretrained;
    default:
      return undefined;
  }
}
