import type { Plan } from "../../src/gpu/plan.ts";
import { type Dispatch, gridOf, MAX_GRID_AXIS } from "../../src/gpu/recorder.ts";
import { ALIGNMENT_BYTES, byteLength, type Storage, type Tensor } from "../../src/gpu/tensor.ts";

/** Storage bindings that every WebGPU implementation grants a kernel. */
const MAX_BINDINGS = 8;

/**
 * What WebGPU, or a GPU other than this machine's, would refuse of a plan or compute otherwise, one
 * sentence each. Buffers are told apart as the runner makes them: one for each slot.
 */
export function brokenRules(plan: Plan): string[] {
  const buffers = new Map<Storage, { storage: Storage; sizeBytes: number }>();
  for (const storage of plan.kept) buffers.set(storage, { storage, sizeBytes: storage.sizeBytes });
  for (const { sizeBytes, members } of plan.slots) {
    const buffer = { storage: members[0].storage, sizeBytes };
    for (const { storage } of members) buffers.set(storage, buffer);
  }
  return [...plan.phases.values()].flat().flatMap((dispatch) =>
    rulesOf(dispatch, plan.adapter.maxBindingBytes, (tensor) => buffers.get(tensor.storage))
      .map((rule) => `${dispatch.label}: ${rule}`)
  );
}

type BufferOf = (tensor: Tensor) => { sizeBytes: number } | undefined;

function rulesOf(
  { inputs, outputs, workgroups }: Dispatch,
  maxBindingBytes: number,
  bufferOf: BufferOf,
): string[] {
  const broken: string[] = [];
  const grid = gridOf(workgroups);
  const count = grid.reduce((product, axis) => product * axis, 1);
  if (grid.some((axis) => axis < 1 || axis > MAX_GRID_AXIS)) broken.push(`a grid of ${grid}`);
  // Kernels number workgroups, and up to 256 lanes of each, in u32.
  if (count * 256 > 2 ** 32) broken.push(`${count} workgroups`);
  const bound = [...inputs, ...outputs];
  if (bound.length > MAX_BINDINGS) broken.push(`${bound.length} storage bindings`);
  for (const tensor of bound) {
    const end = tensor.offsetBytes + sizeOf(tensor);
    if (tensor.offsetBytes % ALIGNMENT_BYTES !== 0) broken.push(`${tensor.label} is not aligned`);
    if (!(end <= bufferOf(tensor)!.sizeBytes)) broken.push(`${tensor.label} leaves its buffer`);
    if (sizeOf(tensor) > maxBindingBytes) broken.push(`${tensor.label} is too large to bind`);
  }
  outputs.forEach((output, index) => {
    for (const input of inputs) {
      if (bufferOf(input) !== bufferOf(output)) continue;
      broken.push(`reads ${input.label} in the buffer of ${output.label}, which it writes`);
    }
    for (const other of outputs.slice(index + 1)) {
      if (bufferOf(other) === bufferOf(output) && overlap(output, other)) {
        broken.push(`writes ${output.label} and ${other.label} to the same memory`);
      }
    }
  });
  return broken;
}

function sizeOf({ shape, dtype }: Tensor): number {
  return byteLength(shape, dtype);
}

function overlap(a: Tensor, b: Tensor): boolean {
  return a.offsetBytes < b.offsetBytes + sizeOf(b) && b.offsetBytes < a.offsetBytes + sizeOf(a);
}
