import { elementCount, type Tensor } from "../gpu/tensor.ts";
import { adamw, BLOCK_SIZE, packHyper, packSegments } from "../ops/adamw.ts";
import { gradNorm } from "../ops/grad_norm.ts";
import type { Tolerance } from "./comparison.ts";
import type { UnitCase, UnitReplay } from "./unit_case.ts";

/** Replays of `unit_adamw`, by kind. */
export const UNIT_ADAMW: Record<string, UnitReplay> = { adamw: replayAdamW, clip: replayClip };

/** A parameter alone in its buffers, as AdamW wants them: padded to whole blocks with zeros. */
interface Alone {
  count: number;
  buffers: Record<"values" | "grads" | "expAvg" | "expAvgSq" | "teacher", Tensor>;
}

/** The settings of one update of one parameter. */
interface Update {
  lr: number;
  weightDecay: number;
  betas: readonly [number, number];
  eps: number;
  step: number;
  clip: Tensor;
}

/** Consecutive updates of each parameter, with its own rate and decay. */
async function replayAdamW(unit: UnitCase): Promise<void> {
  const { gpu, settings: { betas, eps, steps } } = unit;
  const clip = gpu.upload([2], Float32Array.of(0, 1), "clip"); // factor 1
  for (const parameter of unit.names(/^init\./).map((name) => name.slice("init.".length))) {
    const alone = parameterAlone(unit, unit.f32(`init.${parameter}`));
    for (const [step, now] of steps.entries()) {
      const gradient = padded(unit.f32(`step${step}.grad_${parameter}`));
      gpu.write(alone.buffers.grads, gradient);
      const [lr, weightDecay] = [now[`lr_${parameter}`], now[`wd_${parameter}`]];
      update(unit, alone, { lr, weightDecay, betas, eps, step, clip });
      const { values, expAvg, expAvgSq } = alone.buffers;
      const check = async (name: string, tensor: Tensor, allowed: Tolerance) => {
        const actual = (await gpu.download(tensor)).subarray(0, alone.count);
        await unit.check(`step${step}.${name}`, actual, allowed);
      };
      await check(parameter, values, "parameter");
      await check(`exp_avg_${parameter}`, expAvg, "gradient");
      await check(`exp_avg_sq_${parameter}`, expAvgSq, "gradient");
    }
  }
}

/** The joint norm of several gradients; clipping itself is part of the update. */
async function replayClip(unit: UnitCase): Promise<void> {
  const { gpu, settings } = unit;
  const names = unit.names(/^grad\d+$/);
  const clip = gradNorm(
    gpu,
    names.map((name) => unit.upload(name, unit.shape(name), "f32")),
    settings.max_norm,
  );
  const [norm] = await gpu.download(clip);
  unit.checkSetting("total_norm", norm, "loss");
  for (const name of names) {
    const gradient = unit.f32(name);
    const alone = parameterAlone(unit, new Float32Array(gradient.length));
    gpu.write(alone.buffers.grads, padded(gradient));
    // With beta1 = 0 the first moment is the clipped gradient.
    update(unit, alone, { lr: 0, weightDecay: 0, betas: [0, 0], eps: 1e-8, step: 0, clip });
    const clipped = (await gpu.download(alone.buffers.expAvg)).subarray(0, alone.count);
    await unit.check(name.replace("grad", "clipped"), clipped, "gradient");
  }
}

function update({ gpu }: UnitCase, { buffers }: Alone, { clip, lr, ...now }: Update): void {
  const hyper = packHyper({
    ...now,
    lrBackbone: lr,
    lrHead: lr,
    lrLastLayer: lr,
    momentum: 1,
    updateTeacher: false,
  });
  const blocks = new Uint32Array(elementCount(buffers.values.shape) / BLOCK_SIZE);
  const table = packSegments(blocks, [{ lrScale: 1, weightDecay: true, kind: "backbone" }]);
  adamw(gpu, {
    ...buffers,
    clip,
    table: gpu.upload([table.length], table, "table"),
    hyper: gpu.upload([hyper.length], hyper, "hyper"),
  });
}

function parameterAlone({ gpu }: UnitCase, values: Float32Array): Alone {
  const start = padded(values);
  const zeros = (label: string) =>
    gpu.upload([start.length], new Float32Array(start.length), label);
  return {
    count: values.length,
    buffers: {
      values: gpu.upload([start.length], start, "values"),
      grads: zeros("grads"),
      expAvg: zeros("exp_avg"),
      expAvgSq: zeros("exp_avg_sq"),
      teacher: zeros("teacher"),
    },
  };
}

function padded(values: Float32Array): Float32Array {
  const whole = new Float32Array(Math.ceil(values.length / BLOCK_SIZE) * BLOCK_SIZE);
  whole.set(values);
  return whole;
}
