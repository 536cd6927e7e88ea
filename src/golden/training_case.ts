import { DINOv2Args } from "../config/method_args.ts";
import { OptimArgs } from "../config/optim_args.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { maskTable } from "../views/masks.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { elementCount, type Tensor } from "../gpu/tensor.ts";
import { hyperOf } from "../optim/parameter_update.ts";
import { LOSS_SCALE_SIZE } from "../ops/loss_scale.ts";
import { Schedules } from "../optim/schedules.ts";
import { METRICS, type StepTrace, TrainStep } from "../training/step.ts";
import { setMasks } from "../training/step_data.ts";
import { globalGrid, type StepShape } from "../training/step_shape.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison } from "./comparison.ts";
import { every, formulaArray, formulaParameter } from "./formula.ts";
import type { Replay } from "./replay.ts";
import { compareSchedules } from "./step_schedules.ts";
import { compareTrace } from "./trace.ts";

/**
 * What losses are scaled by in 16-mixed. The reference skips no step, so it must be one that these
 * small batches, whose gradients are far larger than a run's, do not make pass 65,504.
 */
const LOSS_SCALE = 256;

/** Replays the steps of a training case from its initial parameters, views and masks. */
export async function replayTraining(
  gpu: Gpu,
  golden: GoldenCase,
  comparison: Comparison,
): Promise<void> {
  const { json } = golden;
  const step = new TrainStep(gpu, shapeOf(golden));
  const replay: Replay = {
    gpu,
    case: golden,
    step,
    comparison,
    check: (name, actual, allowed) => {
      const noise = json.float32_vs_float64?.[name]?.max_abs_diff ??
        json.float32_vs_float64?.[`${name}.every`]?.max_abs_diff ?? 0;
      const full = `${golden.name}.${name}`;
      const limits = { ...comparison.allowed(allowed), noise };
      if (golden.has(name)) comparison.check(full, actual, golden.f32(name), limits);
      else if (golden.has(`${name}.every`)) {
        const thinned = every(actual, json.subset_stride);
        comparison.check(`${full}.every`, thinned, golden.f32(`${name}.every`), limits);
      }
    },
  };
  writeInitial(replay);
  if (step.lossScale) {
    const state = new Float32Array(LOSS_SCALE_SIZE);
    state[0] = LOSS_SCALE;
    gpu.write(step.lossScale, state);
  }
  checkFormula(replay);
  const schedules = new Schedules({
    method: step.shape.method,
    optim: OptimArgs.parse(json.optimizer),
    batchSize: json.batch_size,
    totalSteps: json.total_steps,
  });
  for (let s = 0; s < json.num_steps; s++) await replayStep(replay, s, schedules);
}

async function replayStep(replay: Replay, s: number, schedules: Schedules): Promise<void> {
  const { gpu, case: { json }, step, check } = replay;
  const { inputs, shape } = step;
  const now = schedules.at(s);
  compareSchedules(replay, s, schedules);

  gpu.write(step.globalViews, viewsOf(replay, s, "global"));
  if (shape.localViews > 0) gpu.write(step.localViews, viewsOf(replay, s, "local"));
  setMasks(inputs, shape, replay.case.i32(`step${s}.masks`));
  compareMasks(replay, s);
  inputs.set("loss_scalars", [now.teacherTemp, 1]);
  const optim = OptimArgs.parse(json.optimizer);
  const { method } = shape;
  inputs.set("hyper", hyperOf(s, now, { method, optim, scaledLr: schedules.scaledLr }));
  gpu.write(inputs.whole, inputs.values);

  // The step moves its centres on: what it subtracted must be looked at before.
  const used = {
    dino: await gpu.download(step.dinoCenter),
    ibot: await gpu.download(step.ibotCenter),
  };
  check(`step${s}.dino_center_used`, used.dino, "activation");
  check(`step${s}.ibot_center_used`, used.ibot, "activation");
  step.begin();
  let trace: StepTrace = step.accumulate();
  if (method.center_method === "softmax") {
    const kept = (which: keyof typeof used) =>
      gpu.upload([method.output_dim], used[which], `center_used.${which}`);
    trace = { ...trace, centers: { dino: kept("dino"), ibot: kept("ibot") } };
  }
  await compareTrace(replay, s, trace);
  check(`step${s}.dino_center_next`, await gpu.download(step.dinoCenter), "activation");
  check(`step${s}.ibot_center_next`, await gpu.download(step.ibotCenter), "activation");
  if (s === 0) await compareParameters(replay, "grad", (name) => `grad0.${name}`);

  step.update();
  compareMetrics(replay, s, await gpu.download(step.metrics));
  await compareParameters(replay, "student", (name) => `after${s}.student.${name}`);
  await compareParameters(replay, "teacher", (name) => `after${s}.teacher.${name}`);
  await compareParameters(replay, "expAvg", (name) => `after${s}.exp_avg.${name}`);
  await compareParameters(replay, "expAvgSq", (name) => `after${s}.exp_avg_sq.${name}`);
}

/** The model of a case. */
export function modelOf({ json }: Pick<GoldenCase, "json">): ModelConfig {
  const { model: m } = json;
  return {
    name: json.name,
    imgSize: m.img_size,
    patchSize: m.patch_size,
    inChans: m.in_chans,
    embedDim: m.embed_dim,
    depth: m.depth,
    numHeads: m.num_heads,
    mlpRatio: m.mlp_ratio,
    ffnLayer: m.ffn_layer,
    ffnHidden: m.ffn_hidden,
    numRegisterTokens: m.num_register_tokens,
    layerScaleInit: m.layerscale_init,
    dropPathRate: m.drop_path ?? 0,
    dropPathUniform: true,
    interpolateOffset: m.interpolate_offset,
    interpolateAntialias: m.interpolate_antialias,
    layerNormEps: m.layernorm_eps,
  };
}

/** The shape of a case; an upper bound of its masked patches is the most of any step. */
function shapeOf(golden: GoldenCase): StepShape {
  const { json } = golden;
  const masked = json.steps.map((s: { num_masked_patches: number }) => s.num_masked_patches);
  // In the recorded reference both heads have the DINO head's bottleneck.
  const { dino_bottleneck_dim } = json.method;
  const method = DINOv2Args.parse({ ...json.method, ibot_bottleneck_dim: dino_bottleneck_dim });
  return {
    model: modelOf(golden),
    method,
    batchSize: json.batch_size,
    localViews: json.local_views,
    globalSize: json.global_size,
    localSize: json.local_size ?? json.global_size,
    maxMasked: Math.max(1, ...masked),
    accumulationSteps: 1,
  };
}

/** Puts the stored (or formula) start values into both networks. */
function writeInitial({ gpu, case: golden, step }: Replay): void {
  const formula = golden.json.formula_init;
  for (const { members, values, teacher } of step.networks.buffers) {
    for (const [network, target] of [["student", values], ["teacher", teacher]] as const) {
      const flat = new Float32Array(elementCount(values.shape));
      for (const { parameter: { name, shape }, offset } of members) {
        const index = formula?.order.indexOf(name) ?? -1;
        const start = index >= 0
          ? formulaParameter(
            name,
            elementCount(shape),
            formula[`first_stream_${network}`] + index,
            formula.scale,
          )
          : golden.f32(`init.${network}.${name}`);
        flat.set(start, offset);
      }
      gpu.write(target, flat);
    }
  }
}

/** Where start values come from a formula, samples of them are stored: the formula must agree. */
function checkFormula({ case: golden, comparison }: Replay): void {
  const { formula_init: formula, subset_stride: stride } = golden.json;
  if (!formula) return;
  for (const [index, name] of formula.order.entries()) {
    for (const network of ["student", "teacher"]) {
      const length = elementCount(formula.shapes[index]);
      const stream = formula[`first_stream_${network}`] + index;
      const stored = `init_every.${network}.${name}`;
      const actual = every(formulaParameter(name, length, stream, formula.scale), stride);
      comparison.check(`${golden.name}.${stored}`, actual, golden.f32(stored), { absolute: 0 });
    }
  }
}

function viewsOf({ case: golden, step, check }: Replay, s: number, which: "global" | "local") {
  const name = `step${s}.${which}_views`;
  if (golden.has(name)) return golden.f32(name);
  const tensor = which === "global" ? step.globalViews : step.localViews;
  const stream = (which === "global" ? 5000 : 5001) + 10 * s;
  const views = formulaArray(elementCount(tensor.shape), stream, 2);
  check(name, views, { absolute: 0 });
  return views;
}

function compareMasks({ case: golden, step, comparison }: Replay, s: number): void {
  const [rows, columns] = globalGrid(step.shape);
  const masks = Uint8Array.from(golden.i32(`step${s}.masks`));
  const { indices } = maskTable(masks, 2 * step.shape.batchSize, rows * columns);
  const recorded = golden.i32(`step${s}.mask_indices`);
  const what = `${golden.name}.step${s}.mask_indices`;
  comparison.check(what, indices, recorded, { absolute: 0 });
  const weights = golden.f32(`step${s}.mask_weights`);
  const scale = 2 * step.shape.batchSize;
  const mine = step.inputs.mirror("mask_weights").slice(0, recorded.length).map((w) => w * scale);
  const name = `${golden.name}.step${s}.mask_weights`;
  comparison.check(name, mine, weights, "activation");
}

function compareMetrics(
  { case: { name, json }, step, comparison }: Replay,
  s: number,
  metrics: Float32Array,
) {
  const { losses, grad_norm, clip_coef } = json.steps[s];
  const { method } = step.shape;
  const value = (metric: string) => metrics[METRICS.indexOf(metric)];
  const check = (what: string, actual: number, expected: number, noise = 0) =>
    comparison.check(`${name}.step${s}.${what}`, [actual], [expected], {
      ...comparison.allowed("loss"),
      noise,
    });
  const exact = json.float64?.steps[s];
  for (const loss of ["dino_global", "dino_local", "ibot", "koleo"]) {
    const noise = exact ? Math.abs(exact.losses[loss] - losses[loss]) : 0;
    check(loss, value(loss), losses[loss] ?? 0, noise);
  }
  const total = method.dino_loss_weight * (value("dino_global") + value("dino_local")) +
    method.ibot_loss_weight * value("ibot") + method.koleo_loss_weight * value("koleo");
  check("total", total, losses.total);
  const noise = exact ? Math.abs(exact.grad_norm - grad_norm) : 0;
  check("grad_norm", value("grad_norm"), grad_norm, noise);
  check("clip_coef", value("clip_coef"), clip_coef, noise * clip_coef / grad_norm);
}

const KINDS = {
  grad: { buffer: "grads", allowed: "gradient" },
  student: { buffer: "values", allowed: "parameter" },
  teacher: { buffer: "teacher", allowed: "parameter" },
  expAvg: { buffer: "expAvg", allowed: "gradient" },
  expAvgSq: { buffer: "expAvgSq", allowed: "gradient" },
} as const;

async function compareParameters(
  { gpu, step, check }: Replay,
  kind: keyof typeof KINDS,
  nameOf: (parameter: string) => string,
): Promise<void> {
  const { buffer, allowed } = KINDS[kind];
  const scale = kind === "grad" && step.lossScale ? LOSS_SCALE : 1;
  for (const part of step.networks.buffers) {
    const flat = (await gpu.download(part[buffer] as Tensor)).map((value) => value / scale);
    for (const { parameter: { name, shape }, offset } of part.members) {
      check(nameOf(name), flat.subarray(offset, offset + elementCount(shape)), allowed);
    }
  }
}
