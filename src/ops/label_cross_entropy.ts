import kernel from "../../kernels/label_cross_entropy.wgsl" with { type: "text" };
import { ShapeError } from "../gpu/errors.ts";
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { byteLength, expectShape, type Tensor } from "../gpu/tensor.ts";
import { linkKernel } from "./link_kernel.ts";

const source = linkKernel(kernel);

/** Lanes per row: most classifiers have few classes. */
const WORKGROUP_SIZE = 64;

/**
 * Cross-entropy of classifiers' logits against labels, and its gradient in place of the logits.
 *
 * @param logits `[samples · heads, classes]`: the rows of a sample are those of some classifiers.
 * @param labels The class of each sample, u32 `[samples]`, below `classes`.
 * @param weights Of each sample in the loss, `[samples]`; 0 for one that only fills a batch.
 * @param into Where the losses go, `[samples · heads]`; a fresh tensor where this is left out.
 * @returns The weighted losses, `[samples · heads]`.
 * @throws {ShapeError} If `weights` does not fit `labels`, `into` the rows, or rows are not whole
 * samples.
 */
export function labelCrossEntropy(
  gpu: Recorder,
  logits: Tensor,
  labels: Tensor,
  weights: Tensor,
  into?: Tensor,
): Tensor {
  const op = "labelCrossEntropy";
  const [rows, classes] = expectShape(op, "logits", logits, ["samples·heads", "classes"]);
  const [samples] = expectShape(op, "labels", labels, ["samples"]);
  expectShape(op, "weights", weights, [samples]);
  if (samples === 0 ? rows > 0 : rows % samples !== 0) {
    throw new ShapeError(
      `Cannot run ${op}: logits must have as many rows for each of ${samples} samples, got ${rows}`,
    );
  }
  if (into) expectShape(op, "into", into, [rows]);
  const losses = into ?? gpu.empty([rows], "label_cross_entropy.losses", "f32");
  if (rows === 0) return losses;
  gpu.run({
    label: "label_cross_entropy.forward_backward",
    source,
    entryPoint: "forward_backward",
    constants: { WORKGROUP_SIZE },
    params: packParams(["u32", rows], ["u32", classes], ["u32", rows / samples]),
    inputs: [labels, weights],
    outputs: [logits, losses],
    workgroups: rows,
    bytes: 3 * byteLength(logits.shape, logits.dtype),
  });
  return losses;
}
