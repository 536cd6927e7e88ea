import { type Tensor, view } from "../gpu/tensor.ts";
import { matmul } from "../ops/matmul.ts";
import type { HeadPass, StepTrace } from "../training/step.ts";
import { tokensPerCrop } from "../training/step_shape.ts";
import type { Replay } from "./replay.ts";
import { targetsOf } from "./targets.ts";

/** Compares tokens, logits and targets of a step with the recorded ones. */
export async function compareTrace(replay: Replay, s: number, trace: StepTrace): Promise<void> {
  await compareTokens(replay, s, trace);
  await compareTeacher(replay, s, trace);
  await compareStudent(replay, s, trace);
}

async function compareTokens(
  { gpu, step, check }: Replay,
  s: number,
  { teacherTokens, studentTokens, koleoInput }: StepTrace,
): Promise<void> {
  const { batchSize, model } = step.shape;
  const global = 2 * batchSize * tokensPerCrop(step.shape).global * model.embedDim;
  const tokens = await gpu.download(studentTokens);
  const teacher = await gpu.download(teacherTokens);
  check(`step${s}.teacher_tokens_global`, teacher, "activation");
  check(`step${s}.student_tokens_global`, tokens.subarray(0, global), "activation");
  check(`step${s}.student_tokens_local`, tokens.subarray(global), "activation");
  const before = await gpu.download(koleoInput);
  check(`step${s}.student_cls_before_head`, before, "activation");
}

async function compareTeacher(replay: Replay, s: number, trace: StepTrace): Promise<void> {
  const { step, check } = replay;
  const { batchSize: B } = step.shape;
  const masked = maskedCount(replay, s);
  // The recorded rows: view 1 of all images, then view 0.
  const rows = [1, 0].flatMap((viewIndex) => images(B).map((b) => b * 2 + viewIndex));
  const cls = await headOutput(replay, trace.teacher.dino, trace.centers.dino);
  check(`step${s}.teacher_cls_logits`, pick(cls.logits, rows), "activation");
  check(`step${s}.teacher_cls_targets`, pick(cls.targets, rows), "target");
  const patch = await headOutput(replay, trace.teacher.ibot, trace.centers.ibot);
  const first = images(masked);
  check(`step${s}.teacher_patch_logits`, pick(patch.logits, first), "activation");
  check(`step${s}.teacher_patch_targets`, pick(patch.targets, first), "target");
}

async function compareStudent(replay: Replay, s: number, trace: StepTrace): Promise<void> {
  const { step, check } = replay;
  const { batchSize: B, localViews: L } = step.shape;
  const row = (viewIndex: number) => images(B).map((b) => b * (2 + L) + viewIndex);
  const cls = await headLogits(replay, trace.student.dino);
  const global = [0, 1].flatMap(row);
  const local = images(L).flatMap((l) => row(2 + l));
  check(`step${s}.student_cls_global`, pick(cls, global), "activation");
  check(`step${s}.student_cls_local`, pick(cls, local), "activation");
  const patch = await headLogits(replay, trace.student.ibot);
  const first = images(maskedCount(replay, s));
  check(`step${s}.student_patch_masked`, pick(patch, first), "activation");
}

/** Logits and targets by row; the step itself makes them chunk by chunk and keeps neither. */
async function headOutput(replay: Replay, pass: HeadPass, center: Tensor) {
  const { gpu, step } = replay;
  const temp = view(step.inputs.tensor("loss_scalars"), [1]);
  const tensor = logitsOf(replay, pass);
  const targets = rowsOf(await targetsOf(gpu, tensor, center, temp), tensor);
  const logits = rowsOf(await gpu.download(tensor), tensor);
  return { logits, targets };
}

async function headLogits(replay: Replay, pass: HeadPass): Promise<Float32Array[]> {
  const tensor = logitsOf(replay, pass);
  return rowsOf(await replay.gpu.download(tensor), tensor);
}

function logitsOf({ gpu }: Replay, { saved, prototypes }: HeadPass): Tensor {
  return matmul(gpu, saved.features, prototypes.weight, { transposeB: true });
}

function rowsOf(flat: Float32Array, { shape: [rows, columns] }: Tensor): Float32Array[] {
  return images(rows).map((row) => flat.subarray(row * columns, (row + 1) * columns));
}

function pick(rows: Float32Array[], order: number[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const flat = new Float32Array(order.length * width);
  order.forEach((row, index) => flat.set(rows[row], index * width));
  return flat;
}

function images(count: number): number[] {
  return [...Array(count).keys()];
}

function maskedCount({ case: golden }: Replay, s: number): number {
  return golden.json.steps[s].num_masked_patches;
}
