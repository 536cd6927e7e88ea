import { maskTable } from "../views/masks.ts";
import { type Tensor, view } from "../gpu/tensor.ts";
import { updateCenter } from "../ops/center.ts";
import { koleo, koleoBackward } from "../ops/koleo.ts";
import { meanRows } from "../ops/mean_rows.ts";
import { NO_PAIR, prototypeCrossEntropy } from "../ops/prototype_cross_entropy.ts";
import { sinkhornAccumulate, sinkhornFinish, sinkhornReset } from "../ops/sinkhorn_knopp.ts";
import { softmaxStats } from "../ops/softmax_stats.ts";
import { addSums } from "../ops/sums.ts";
import { targetsOf } from "./targets.ts";
import type { UnitCase, UnitReplay } from "./unit_case.ts";

/** Replays of `unit_losses`, by kind. */
export const UNIT_LOSSES: Record<string, UnitReplay> = {
  dino_global: replayDinoGlobal,
  dino_local: replayDinoLocal,
  ibot: replayIbot,
  koleo: replayKoleo,
  sinkhorn: replaySinkhorn,
  centering: replayCentering,
};

/** Row `r` of the student against row `r` of the targets; mean over the rows. */
async function replayDinoGlobal(unit: UnitCase): Promise<void> {
  const [rows] = unit.shape("student_global");
  await compareCrossEntropy(unit, {
    student: "student_global",
    pairs: (row) => [row, NO_PAIR],
    weights: new Float32Array(rows).fill(1 / rows),
  });
}

/** Each local view of an image against both targets of it; sum over views of means over images. */
async function replayDinoLocal(unit: UnitCase): Promise<void> {
  const [rows] = unit.shape("student_local");
  const [, images] = unit.shape("teacher");
  await compareCrossEntropy(unit, {
    student: "student_local",
    pairs: (row) => [row % images, images + row % images],
    weights: new Float32Array(rows).fill(1 / images),
  });
}

async function replayIbot(unit: UnitCase): Promise<void> {
  const [crops, patches] = unit.shape("masks");
  const { indices, weights } = maskTable(Uint8Array.from(unit.i32("masks")), crops, patches);
  const recorded = unit.i32("mask_indices");
  const name = `${unit.name}.mask_indices`;
  unit.comparison.check(name, indices, recorded, { absolute: 0 });
  await unit.check("mask_weights", weights, "activation");
  await compareCrossEntropy(unit, {
    student: "student",
    pairs: (row) => [row, NO_PAIR],
    weights: weights.map((weight) => weight / crops),
  });
}

/** Loss and gradient of cross-entropy; the recorded targets become logits by their logarithm. */
async function compareCrossEntropy(
  unit: UnitCase,
  { student, pairs, weights }: {
    student: string;
    pairs: (row: number) => [number, number];
    weights: Float32Array;
  },
): Promise<void> {
  const { gpu, settings } = unit;
  const logits = unit.uploadRows(student);
  const [rows, columns] = logits.shape;
  const targets = unit.f32("teacher");
  // A target that underflowed to 0 stays 0: exp(-1e4) is.
  const teacher = gpu.upload(
    [targets.length / columns, columns],
    targets.map((target) => Math.max(Math.log(target), -1e4)),
    "teacher",
    gpu.elem,
  );
  const center = unit.zeros([columns], "center");
  const lossScalars = gpu.upload([2], Float32Array.of(1, 1), "loss_scalars");
  const table = Uint32Array.from([...Array(rows).keys()].flatMap(pairs));
  const losses = gpu.empty([rows], "losses", "f32");
  prototypeCrossEntropy(gpu, {
    student: logits, // its gradient takes its place
    teacher,
    center,
    teacherLse: softmaxStats(gpu, teacher, center, view(lossScalars, [1])).lse,
    lossScalars,
    studentTemp: settings.student_temp,
    pairs: gpu.upload([rows, 2], table, "pairs"),
    weights: gpu.upload([rows], weights, "weights"),
    losses,
    rowOffset: 0,
    gradScale: 1,
  });
  await unit.check("loss", sumOf(unit, losses), "loss");
  await unit.check(`grad_${student}`, logits, "gradient");
}

async function replayKoleo(unit: UnitCase): Promise<void> {
  const { losses, saved } = koleo(unit.gpu, unit.upload("x"), { groups: 1 });
  await unit.check("loss", losses, "loss");
  const scalars = unit.gpu.upload([2], Float32Array.of(1, 1), "loss_scalars");
  await unit.check("grad_x", koleoBackward(unit.gpu, saved, 1, scalars), "gradient");
}

async function replaySinkhorn(unit: UnitCase): Promise<void> {
  const { gpu, settings: { teacher_temp, iterations } } = unit;
  const logits = unit.upload("logits");
  const [, columns] = logits.shape;
  const temp = gpu.upload([1], Float32Array.of(teacher_temp), "teacher_temp");
  const state = gpu.empty([columns, 2], "state", "f32");
  const center = gpu.empty([columns], "center", "f32");
  let lse: Tensor | null = null;
  for (let iteration = 0; iteration < iterations; iteration++) {
    sinkhornReset(gpu, state);
    sinkhornAccumulate(gpu, logits, lse, temp, state, { count: null, rowOffset: 0 });
    sinkhornFinish(gpu, state, temp, center);
    lse = softmaxStats(gpu, logits, center, temp).lse;
  }
  const targets = await targetsOf(gpu, logits, center, temp);
  await unit.check("dino_targets", targets, "target");
  await unit.check("ibot_targets", targets, "target");
}

/** Consecutive calls: each subtracts the center that the calls before it made. */
async function replayCentering(unit: UnitCase): Promise<void> {
  const { gpu, settings: { teacher_temps, center_momentum } } = unit;
  for (const kind of ["cls", "patch"]) {
    const center = unit.zeros(unit.shape(`step0.${kind}_center_used`), `${kind}_center`);
    for (const [step, value] of teacher_temps.entries()) {
      const logits = unit.upload(`step${step}.${kind}_logits`);
      const temp = gpu.upload([1], Float32Array.of(value), "teacher_temp");
      await unit.check(`step${step}.${kind}_center_used`, center, "activation");
      const targets = await targetsOf(gpu, logits, center, temp);
      await unit.check(`step${step}.${kind}_targets`, targets, "target");
      updateCenter(gpu, center, meanRows(gpu, logits, null), center_momentum, null);
    }
  }
}

function sumOf(unit: UnitCase, losses: Tensor): Tensor {
  const sum = unit.zeros([1], "loss");
  addSums(unit.gpu, losses, sum, { slot: 0 });
  return sum;
}
