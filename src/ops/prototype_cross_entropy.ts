import kernel from "../../kernels/prototype_cross_entropy.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { byteLength, elementCount, expectShape, type Tensor } from "../gpu/tensor.ts";
import { rowLanes } from "./lanes.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/** Stands in `pairs` for "no teacher row". */
export const NO_PAIR = 0xffffffff;

/** One chunk of student logits and what it is compared with. */
export interface PrototypeCrossEntropy {
  /** Student logits, `[rows, numPrototypes]`; the gradient takes their place. */
  student: Tensor;
  /** Teacher logits, `[teacherRows, numPrototypes]`. */
  teacher: Tensor;
  /** Subtracted from the teacher's logits, `[numPrototypes]`. */
  center: Tensor;
  /** From `softmaxStats()` with the same center and temperature, `[teacherRows]`. */
  teacherLse: Tensor;
  /** Teacher temperature of this step, and the loss scale, a factor of the gradient; `[2]`. */
  lossScalars: Tensor;
  studentTemp: number;
  /** Teacher rows of each student row, `[rows, 2]` u32; {@linkcode NO_PAIR} for none. */
  pairs: Tensor;
  /** Weight of each row's loss; row r of the chunk reads element `rowOffset + r`. */
  weights: Tensor;
  /** Receives `weight · cross-entropy` of row r at element `rowOffset + r`. */
  losses: Tensor;
  rowOffset: number;
  /** Factor of the gradient only: the weight of this loss in the total. */
  gradScale: number;
}

/**
 * Cross-entropy of student rows against their teacher targets, and its gradient in place of the
 * student's logits. Neither targets nor probabilities are stored.
 *
 * @throws {ShapeError} If a shape does not fit `student` or `teacher`, or `weights` or `losses` is
 * too short.
 */
export function prototypeCrossEntropy(gpu: Recorder, chunk: PrototypeCrossEntropy): void {
  const { student, teacher, center, teacherLse, lossScalars, pairs, weights, losses } = chunk;
  const { studentTemp, rowOffset, gradScale } = chunk;
  const op = "prototypeCrossEntropy";
  const [rows, numPrototypes] = expectShape(op, "student", student, ["rows", "numPrototypes"]);
  const [teacherRows] = expectShape(op, "teacher", teacher, ["teacherRows", numPrototypes]);
  expectShape(op, "center", center, [numPrototypes]);
  expectShape(op, "teacherLse", teacherLse, [teacherRows]);
  expectShape(op, "lossScalars", lossScalars, [2]);
  expectShape(op, "pairs", pairs, [rows, 2]);
  expectElements("weights", weights, rowOffset + rows);
  expectElements("losses", losses, rowOffset + rows);
  if (rows === 0) return;
  const studentBytes = byteLength(student.shape, student.dtype);
  gpu.choose({
    key: `prototype_cross_entropy.forward_backward ${student.dtype} ${rows}x${numPrototypes}`,
    variants: rowLanes(gpu.adapter, numPrototypes),
    record: (gpu, { lanes }) =>
      gpu.run({
        label: "prototype_cross_entropy.forward_backward",
        source,
        entryPoint: "forward_backward",
        constants: { WORKGROUP_SIZE: lanes },
        params: packParams(
          ["u32", rows],
          ["u32", numPrototypes],
          ["u32", rowOffset],
          ["f32", studentTemp],
          ["f32", gradScale],
        ),
        inputs: [teacher, center, teacherLse, lossScalars, pairs, weights],
        outputs: [student, losses],
        workgroups: rows,
        bytes: 3 * studentBytes + byteLength(teacher.shape, teacher.dtype),
      }),
  });
}

function expectElements(name: string, tensor: Tensor, count: number): void {
  if (elementCount(tensor.shape) >= count) return;
  throw new ShapeError(
    `Cannot run prototypeCrossEntropy: ${name} must have at least ${count} elements, ` +
      `got [${tensor.shape.join(", ")}]`,
  );
}
