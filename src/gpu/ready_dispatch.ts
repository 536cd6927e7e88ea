/** A dispatch with its pipeline and bindings: running it is only encoding. */
export interface ReadyDispatch {
  readonly label: string;
  readonly flops: number;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly grid: [number, number, number];
}

/** Adds a dispatch to a pass. */
export function encodeDispatch(pass: GPUComputePassEncoder, ready: ReadyDispatch): void {
  pass.setPipeline(ready.pipeline);
  pass.setBindGroup(0, ready.bindGroup);
  pass.dispatchWorkgroups(...ready.grid);
}

/** Arithmetic of one submission: some systems reset a GPU that is busy for seconds with one. */
const SUBMIT_FLOPS = 1e12;

/** Dispatches in the parts that are submitted together. */
export function* submissions(list: readonly ReadyDispatch[]): Generator<readonly ReadyDispatch[]> {
  for (let first = 0, next = 0; next < list.length; first = next) {
    for (let flops = 0; next < list.length && flops < SUBMIT_FLOPS; next++) {
      flops += list[next].flops;
    }
    yield list.slice(first, next);
  }
}
