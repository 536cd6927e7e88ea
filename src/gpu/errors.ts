/** A tensor whose shape does not fit the operation; the message names both shapes. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

/** The adapter, the driver or a GPU call failed; the message names the kernel and the remedy. */
export class GpuError extends Error {
  override name = "GpuError";
}
