import { maskTable } from "../../src/views/masks.ts";
import { type GoldenCase, goldenCase } from "../../src/golden/case.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { isFrozen, paramGroup } from "../../src/optim/param_groups.ts";
import { type SafetensorsDtype, SafetensorsMap } from "../../src/safetensors.ts";
import { globalGrid, type StepShape } from "../../src/training/step_shape.ts";
import type { TinyBatch, TinyStep } from "./tiny_step.ts";

type Values = Float32Array | Int32Array | Uint8Array;

/**
 * A training case in the recorded format, from a step of our own. Its numbers prove nothing, but
 * whoever replays it must cope with its shapes.
 */
export async function recordSteps(tiny: TinyStep, batches: TinyBatch[]): Promise<GoldenCase> {
  const { step, step: { shape } } = tiny;
  const tensors = new SafetensorsMap({});
  await addParameters(tensors, tiny, "init.");
  const steps = [];
  for (const [s, batch] of batches.entries()) {
    addBatch(tensors, shape, `step${s}.`, batch);
    add(tensors, `step${s}.ibot_center_used`, await tiny.download(step.ibotCenter));
    tiny.feed(s, batch);
    tiny.run("begin", "accumulate", "update");
    add(tensors, `step${s}.ibot_center_next`, await tiny.download(step.ibotCenter));
    steps.push(await stepJson(tiny, s, batch));
  }
  await addParameters(tensors, tiny, `after${batches.length - 1}.`);
  return goldenCase(caseJson(tiny, steps), tensors);
}

async function addParameters(
  tensors: SafetensorsMap,
  tiny: TinyStep,
  prefix: string,
): Promise<void> {
  for (const { members, values, teacher } of tiny.step.networks.buffers) {
    for (const [network, tensor] of [["student", values], ["teacher", teacher]] as const) {
      const flat = await tiny.download(tensor);
      for (const { parameter: { name, shape }, offset } of members) {
        const part = flat.slice(offset, offset + elementCount(shape));
        add(tensors, `${prefix}${network}.${name}`, part, shape);
      }
    }
  }
}

/** Views, masks, and what the reference stores of the masks; empty tensors where none is masked. */
function addBatch(
  tensors: SafetensorsMap,
  shape: StepShape,
  prefix: string,
  { globalViews, localViews, masks }: TinyBatch,
): void {
  const [rows, columns] = globalGrid(shape);
  const bits = Uint8Array.from(masks);
  const { indices, weights } = maskTable(bits, 2 * shape.batchSize, rows * columns);
  add(tensors, `${prefix}global_views`, globalViews);
  if (shape.localViews > 0) add(tensors, `${prefix}local_views`, localViews);
  add(tensors, `${prefix}masks`, bits);
  add(tensors, `${prefix}mask_indices`, Int32Array.from(indices));
  add(tensors, `${prefix}mask_weights`, weights);
  if (indices.length > 0) return;
  for (const name of ["teacher_patch_logits", "teacher_patch_targets", "student_patch_masked"]) {
    add(tensors, prefix + name, new Float32Array(0), [0, shape.method.output_dim]);
  }
}

async function stepJson(tiny: TinyStep, s: number, { masks }: TinyBatch) {
  const { step: { networks, shape: { model, method } }, schedules } = tiny;
  const now = schedules.at(s);
  const { grad_norm, clip_coef, ...losses } = await tiny.metrics();
  const lr = schedules.scaledLr * now.learningRateFactor;
  const groups = networks.student.set.parameters.map(({ name }) => {
    const { kind, lrScale, decays } = paramGroup(name, model.depth, method);
    const rate = isFrozen(kind, s, method) ? 0 : lr * lrScale;
    return { lr: rate, weight_decay: decays ? now.weightDecay : 0 };
  });
  return {
    teacher_temp: now.teacherTemp,
    weight_decay: now.weightDecay,
    momentum: now.momentum,
    num_masked_patches: Array.from(masks).filter((bit) => bit === 1).length,
    groups,
    losses,
    grad_norm,
    clip_coef,
  };
}

/** Settings by the names that `case.json` has for them. */
function caseJson({ step: { shape, networks }, schedules }: TinyStep, steps: unknown[]) {
  const { model, method, batchSize, localViews, globalSize, localSize } = shape;
  const { optim, totalSteps } = schedules.settings;
  return {
    format: "dinov2-training-golden/1",
    name: "made",
    model: {
      img_size: model.imgSize,
      patch_size: model.patchSize,
      in_chans: model.inChans,
      embed_dim: model.embedDim,
      depth: model.depth,
      num_heads: model.numHeads,
      mlp_ratio: model.mlpRatio,
      ffn_layer: model.ffnLayer,
      ffn_hidden: model.ffnHidden,
      num_register_tokens: model.numRegisterTokens,
      layerscale_init: model.layerScaleInit,
      interpolate_offset: model.interpolateOffset,
      interpolate_antialias: model.interpolateAntialias,
      layernorm_eps: model.layerNormEps,
    },
    method,
    optimizer: optim,
    batch_size: batchSize,
    local_views: localViews,
    global_size: globalSize,
    local_size: localViews > 0 ? localSize : null,
    total_steps: totalSteps,
    num_steps: steps.length,
    steps,
    param_groups: networks.student.set.parameters.map(({ name }) => ({
      params: [`student.${name}`],
    })),
  };
}

function add(
  tensors: SafetensorsMap,
  name: string,
  values: Values,
  shape: readonly number[] = [values.length],
): void {
  const dtype: SafetensorsDtype = values instanceof Float32Array
    ? "F32"
    : values instanceof Int32Array
    ? "I32"
    : "U8";
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  tensors.set(name, { dtype, shape: [...shape], data });
}
