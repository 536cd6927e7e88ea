import source from "../../kernels/add_partials.wgsl" with { type: "text" };
import { packParams, type Recorder } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

/**
 * Adds up what the first pass of a sum over rows left: one row of sums for each part of the rows.
 *
 * @param partial `[splits, N]`, as many as `rowSplits()` says.
 * @param into `[N]`, added to; or two `[N / 2]`, for the two halves of the columns.
 * @throws {ShapeError} If `into` does not fit `partial`.
 */
export function addPartials(
  gpu: Recorder,
  partial: Tensor,
  into: readonly [Tensor] | readonly [Tensor, Tensor],
): void {
  const op = "addPartials";
  const [splits, cols] = expectShape(op, "partial", partial, ["splits", "N"]);
  for (const each of into) expectShape(op, "into", each, [cols / into.length]);
  if (splits * cols === 0) return;
  // Barriers are dear on software adapters, and a lane's loads are not slow there.
  const slices = gpu.adapter.kernels === "cpu" ? 1 : splits > 256 ? 32 : 8;
  const columns = slices === 1 ? 64 : 256 / slices;
  gpu.run({
    label: "add_partials.forward",
    source,
    entryPoint: into.length === 1 ? "forward" : "forward_pair",
    constants: { COLUMNS: columns, SLICES: slices, WORKGROUP_SIZE: columns * slices },
    params: packParams(["u32", cols], ["u32", splits]),
    inputs: [partial],
    outputs: into,
    workgroups: [Math.ceil(cols / columns), 1],
  });
}
