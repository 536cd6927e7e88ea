import { rowLogSumExpReference } from "./softmax_stats.ts";

/** Weighted loss of each student row against the targets of its teacher rows, in float64. */
export function prototypeCrossEntropyReference(
  student: ArrayLike<number>,
  targets: ArrayLike<number>,
  { numPrototypes, studentTemp, pairs, weights }: {
    numPrototypes: number;
    studentTemp: number;
    pairs: ArrayLike<number>; // [rows, 2]; 0xffffffff: none
    weights: ArrayLike<number>;
  },
): Float64Array {
  const lse = rowLogSumExpReference(student, new Float64Array(numPrototypes), studentTemp);
  return lse.map((rowLse, row) => {
    let loss = 0;
    for (const teacherRow of [pairs[2 * row], pairs[2 * row + 1]]) {
      if (teacherRow === 0xffffffff) continue;
      for (let k = 0; k < numPrototypes; k++) {
        const logP = student[row * numPrototypes + k] / studentTemp - rowLse;
        loss -= targets[teacherRow * numPrototypes + k] * logP;
      }
    }
    return weights[row] * loss;
  });
}
