import { maskTable } from "../views/masks.ts";
import { NO_ROW } from "../ops/gather_rows.ts";
import type { StepInputs } from "./step_inputs.ts";
import { globalGrid, maskedToken, type StepShape } from "./step_shape.ts";

/**
 * Sets everything a step needs to know of its masks: which patches are hidden, where their tokens
 * are, and their share in the iBOT loss.
 *
 * @param masks `[2·B·N]`, 1 where a patch of a global view is hidden from the student.
 * @throws {RangeError} If more patches are masked than the step was planned for.
 */
export function setMasks(inputs: StepInputs, shape: StepShape, masks: ArrayLike<number>): void {
  const [rows, columns] = globalGrid(shape);
  const crops = 2 * shape.batchSize;
  const { indices, weights } = maskTable(Uint8Array.from(masks), crops, rows * columns);
  if (indices.length > shape.maxMasked) {
    throw new RangeError(
      `Cannot set masks: at most ${shape.maxMasked} patches must be masked, got ${indices.length}`,
    );
  }
  const tokens = new Uint32Array(shape.maxMasked).fill(NO_ROW);
  indices.forEach((flat, i) => tokens[i] = maskedToken(shape, flat));
  inputs.set("masks", masks);
  inputs.set("masked_tokens", tokens);
  inputs.set("mask_weights", weights.map((weight) => weight / crops));
  inputs.set("masked_count", [indices.length]);
}
