import type { OpenDevice } from "./device.ts";
import { GpuError, ShapeError } from "./errors.ts";
import { Pipelines } from "./pipelines.ts";
import { mib, type Plan } from "./plan.ts";
import { readTensor } from "./readback.ts";
import { encodeDispatch, type ReadyDispatch, submissions } from "./ready_dispatch.ts";
import { type Dispatch, gridOf } from "./recorder.ts";
import {
  alignUp,
  BYTES,
  bytesFor,
  elementCount,
  floatsOf,
  type Storage,
  type Tensor,
} from "./tensor.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

/** A plan on a device: buffers, pipelines and bind groups exist; running is only encoding. */
export class PlanRunner implements Disposable {
  readonly #open: OpenDevice;
  readonly #buffers: GPUBuffer[];
  readonly #phases: Map<string, ReadyDispatch[]>;
  #submittingMs = 0;

  private constructor(
    open: OpenDevice,
    buffers: GPUBuffer[],
    phases: Map<string, ReadyDispatch[]>,
  ) {
    this.#open = open;
    this.#buffers = buffers;
    this.#phases = phases;
  }

  /**
   * Allocates, compiles and binds everything that the plan needs.
   *
   * @param pipelines What was compiled on the device before; nothing if left out.
   * @throws {GpuError} If memory runs out or a kernel does not compile.
   */
  static async build(
    plan: Plan,
    open: OpenDevice,
    pipelines: Pipelines = new Pipelines(open.device),
  ): Promise<PlanRunner> {
    const buffers: GPUBuffer[] = [];
    try {
      await allocate(plan, open, buffers);
      return new PlanRunner(open, buffers, await prepare(plan, open, pipelines, buffers));
    } catch (error) {
      destroyAll(buffers); // for who tries again with fewer images
      throw error;
    }
  }

  /** Overwrites a tensor that the plan keeps, or a part of it that begins at element `offset`. */
  write(tensor: Tensor, data: Float32Array | Uint32Array, offset = 0): void {
    if (offset + data.length > elementCount(tensor.shape)) {
      const place = offset > 0 ? ` from element ${offset} on` : "";
      throw new ShapeError(
        `Cannot write ${tensor.label}: data must have at most ` +
          `${elementCount(tensor.shape) - offset} elements for shape ` +
          `[${tensor.shape.join(", ")}]${place}, got ${data.length}`,
      );
    }
    if (data.length === 0) return; // Deno cannot write nothing
    this.#open.device.queue.writeBuffer(
      tensor.storage.buffer!,
      tensor.offsetBytes + offset * BYTES[tensor.dtype],
      bytesFor(tensor.dtype, data),
    );
  }

  /** Encodes the phases one after another and submits them, in a few parts; does not wait. */
  run(...names: string[]): void {
    this.#open.check();
    const { device } = this.#open;
    const label = names.join("+");
    for (const part of submissions(names.flatMap((name) => this.phase(name)))) {
      const encoder = device.createCommandEncoder({ label });
      const pass = encoder.beginComputePass({ label });
      for (const each of part) encodeDispatch(pass, each);
      pass.end();
      const commands = encoder.finish();
      const startMs = performance.now();
      device.queue.submit([commands]);
      this.#submittingMs += performance.now() - startMs;
    }
  }

  /** How long submitting has taken so far: some drivers wait in it for the GPU. */
  get submittingMs(): number {
    return this.#submittingMs;
  }

  /** The dispatches of a phase; none for a name that the plan does not have. */
  phase(name: string): readonly ReadyDispatch[] {
    return this.#phases.get(name) ?? [];
  }

  /** The values of a tensor that the plan keeps; waits for the queue. */
  async download(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    return floatsOf(tensor, await readTensor(this.#open, tensor));
  }

  /** Waits until everything submitted has run. @throws {GpuError} If anything of it failed. */
  async finish(): Promise<void> {
    await this.#open.device.queue.onSubmittedWorkDone();
    this.#open.check();
  }

  [Symbol.dispose](): void {
    destroyAll(this.#buffers);
  }
}

function destroyAll(buffers: readonly GPUBuffer[]): void {
  for (const buffer of buffers) buffer.destroy();
}

/** Makes the buffers of a plan, and adds each to `buffers`. */
async function allocate(
  plan: Plan,
  { device, facts }: OpenDevice,
  buffers: GPUBuffer[],
): Promise<void> {
  let total = 0;
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  const create = (label: string, size: number) => {
    const buffer = device.createBuffer({ label, size, usage: STORAGE });
    buffers.push(buffer);
    total += size;
    return buffer;
  };
  for (const storage of plan.kept) storage.buffer = create(storage.label, storage.sizeBytes);
  for (const { sizeBytes, members } of plan.slots) {
    const buffer = create(members[0].storage.label, sizeBytes);
    for (const { storage } of members as { storage: Storage }[]) storage.buffer = buffer;
  }
  const [memory, validation] = [await device.popErrorScope(), await device.popErrorScope()];
  const error = memory ?? validation;
  if (error) {
    throw new GpuError(
      `Cannot allocate ${mib(total)} on ${facts.name}: ${error.message}; lower batch_size or ` +
        "close other programs that use the GPU",
    );
  }
}

/** Compiles and binds the dispatches of a plan, by their phases; adds what they need to `buffers`. */
async function prepare(
  plan: Plan,
  { device }: OpenDevice,
  pipelines: Pipelines,
  buffers: GPUBuffer[],
): Promise<Map<string, ReadyDispatch[]>> {
  for (const { storage, data } of plan.constants) {
    if (data.length === 0) continue; // Deno cannot write nothing
    device.queue.writeBuffer(storage.buffer!, 0, data as Float32Array<ArrayBuffer>);
  }
  const dispatches = [...plan.phases.values()].flat();
  await pipelines.prepare(dispatches);
  const uniforms = uploadParams(dispatches, device);
  buffers.push(uniforms.buffer);
  const ready = (dispatch: Dispatch): ReadyDispatch => {
    const offset = uniforms.offsets.get(dispatch);
    const params = offset === undefined
      ? undefined
      : { buffer: uniforms.buffer, offset, size: dispatch.params!.byteLength };
    return {
      label: dispatch.label,
      flops: dispatch.flops ?? 0,
      pipeline: pipelines.get(dispatch),
      bindGroup: pipelines.bind(dispatch, params),
      grid: gridOf(dispatch.workgroups),
    };
  };
  device.pushErrorScope("validation");
  const phases = new Map([...plan.phases].map(([name, list]) => [name, list.map(ready)]));
  const error = await device.popErrorScope();
  if (error) throw new GpuError(`Cannot build the plan: ${error.message}`);
  return phases;
}

function uploadParams(
  dispatches: readonly Dispatch[],
  device: GPUDevice,
): { buffer: GPUBuffer; offsets: Map<Dispatch, number> } {
  const offsets = new Map<Dispatch, number>();
  let size = 0;
  for (const dispatch of dispatches) {
    if (!dispatch.params) continue;
    offsets.set(dispatch, size);
    size += alignUp(dispatch.params.byteLength);
  }
  const bytes = new Uint8Array(Math.max(size, 16));
  for (const [dispatch, offset] of offsets) bytes.set(new Uint8Array(dispatch.params!), offset);
  const buffer = device.createBuffer({
    label: "params",
    size: bytes.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, bytes);
  return { buffer, offsets };
}
