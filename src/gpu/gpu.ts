import { type AdapterFacts, type DeviceOptions, type OpenDevice, openDevice } from "./device.ts";
import { GpuError, ShapeError } from "./errors.ts";
import type { Elem } from "./kernel.ts";
import { Pipelines } from "./pipelines.ts";
import { readTensor } from "./readback.ts";
import {
  type Choice,
  type Dispatch,
  gridOf,
  type Recorder,
  type Variant,
  withElemOf,
} from "./recorder.ts";
import {
  byteLength,
  bytesFor,
  type DType,
  elementCount,
  floatsOf,
  type MemoryKind,
  type Tensor,
} from "./tensor.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

/**
 * A live device: every dispatch runs at once. For tests and tools; training records a plan.
 *
 * @example
 * ```ts
 * import { Gpu } from "./gpu.ts";
 *
 * using gpu = await Gpu.open();
 * const x = gpu.upload([2, 2], Float32Array.of(1, 2, 3, 4), "x");
 * console.log(await gpu.download(x)); // Float32Array(4) [ 1, 2, 3, 4 ]
 * ```
 */
export class Gpu implements Recorder, Disposable {
  readonly adapter: AdapterFacts;
  readonly elem: Elem;
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  readonly #open: OpenDevice;
  readonly #closes: boolean;
  readonly #variant: number;
  readonly #buffers: GPUBuffer[] = [];
  #failures: Promise<GpuError | undefined>[] = [];

  private constructor(
    open: OpenDevice,
    { elem, closes, variant = 0 }: { elem: Elem; closes: boolean; variant?: number },
  ) {
    this.#open = open;
    this.#closes = closes;
    this.#variant = variant;
    this.elem = elem;
    this.device = open.device;
    this.adapter = open.facts;
    this.pipelines = new Pipelines(open.device);
  }

  /**
   * @param options Which adapter; `elem`: how activations and the weights of products are stored;
   * `variant`: which one of each choice is taken, from the built-in one, 0, to the last it has.
   * @throws {GpuError} If no adapter of the kind asked for is found.
   */
  static async open(
    { elem = "f32", variant, ...options }: DeviceOptions & { elem?: Elem; variant?: number } = {},
  ): Promise<Gpu> {
    return new Gpu(await openDevice(options), { elem, closes: true, variant });
  }

  /** A live device beside the plan of an open one, which stays open when this is disposed of. */
  static on(open: OpenDevice): Gpu {
    return new Gpu(open, { elem: "f32", closes: false });
  }

  empty(shape: readonly number[], label: string, dtype: DType = this.elem): Tensor {
    return this.keep("activations", shape, label, dtype);
  }

  keep(kind: MemoryKind, shape: readonly number[], label: string, dtype: DType = "f32"): Tensor {
    const sizeBytes = byteLength(shape, dtype);
    const buffer = this.device.createBuffer({ label, size: sizeBytes, usage: STORAGE });
    this.#buffers.push(buffer);
    return { label, shape, dtype, storage: { label, kind, sizeBytes, buffer }, offsetBytes: 0 };
  }

  constant(data: Float32Array | Uint32Array, shape: readonly number[], label: string): Tensor {
    return this.upload(shape, data, label);
  }

  /**
   * A new tensor with these values.
   *
   * @param dtype How they are stored; as they are if left out.
   * @throws {ShapeError} If their count does not fit the shape.
   */
  upload(
    shape: readonly number[],
    data: Float32Array | Uint32Array,
    label: string,
    dtype: DType = data instanceof Uint32Array ? "u32" : "f32",
  ): Tensor {
    const tensor = this.empty(shape, label, dtype);
    this.write(tensor, data);
    return tensor;
  }

  /** Overwrites a tensor. */
  write(tensor: Tensor, data: Float32Array | Uint32Array): void {
    if (data.length !== elementCount(tensor.shape)) {
      throw new ShapeError(
        `Cannot write ${tensor.label}: data must have ${elementCount(tensor.shape)} elements ` +
          `for shape [${tensor.shape.join(", ")}], got ${data.length}`,
      );
    }
    if (data.length === 0) return; // Deno cannot write nothing
    const buffer = tensor.storage.buffer!;
    this.device.queue.writeBuffer(buffer, tensor.offsetBytes, bytesFor(tensor.dtype, data));
  }

  run(given: Dispatch): void {
    const { device } = this;
    const dispatch = withElemOf(given, this.elem);
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    const uniform = dispatch.params && this.#uniform(dispatch.params, dispatch.label);
    const encoder = device.createCommandEncoder({ label: dispatch.label });
    const pass = encoder.beginComputePass({ label: dispatch.label });
    pass.setPipeline(this.pipelines.get(dispatch));
    pass.setBindGroup(0, this.pipelines.bind(dispatch, uniform && { buffer: uniform }));
    pass.dispatchWorkgroups(...gridOf(dispatch.workgroups));
    pass.end();
    device.queue.submit([encoder.finish()]);
    uniform?.destroy();
    const scopes = [device.popErrorScope(), device.popErrorScope()];
    this.#failures.push(
      Promise.all(scopes).then((errors) => {
        const error = errors.find((e) => e !== null);
        return error && new GpuError(`Cannot run ${dispatch.label}: ${error.message}`);
      }),
    );
  }

  /** Measures nothing: what runs once is not worth it. */
  choose<V extends Variant>({ variants, record }: Choice<V>): void {
    record(this, variants[Math.min(this.#variant, variants.length - 1)]);
  }

  /** The values of a tensor; waits for everything before it and throws what failed. */
  async download(tensor: Tensor): Promise<Float32Array> {
    return floatsOf(tensor, await this.downloadBytes(tensor));
  }

  /** The raw bytes of a tensor. @throws {GpuError} If any dispatch before it failed. */
  async downloadBytes(tensor: Tensor): Promise<ArrayBuffer> {
    await this.finish();
    const bytes = await readTensor(this.#open, tensor);
    return elementCount(tensor.shape) === 0 ? new ArrayBuffer(0) : bytes;
  }

  /** Waits for the queue and throws the first failure of the dispatches so far. */
  async finish(): Promise<void> {
    const failures = await Promise.all(this.#failures);
    this.#failures = [];
    const failure = failures.find((error) => error !== undefined);
    if (failure) throw failure;
    await this.device.queue.onSubmittedWorkDone();
    this.#open.check();
  }

  /** Throws a failure that nobody was waiting for, such as a lost device. */
  check(): void {
    this.#open.check();
  }

  /** Frees one tensor that {@linkcode empty} or {@linkcode upload} made. */
  free(tensor: Tensor): void {
    const { buffer } = tensor.storage;
    const index = this.#buffers.indexOf(buffer!);
    if (index >= 0) this.#buffers.splice(index, 1)[0].destroy();
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) buffer.destroy();
    if (this.#closes) this.#open.close();
  }

  #uniform(params: ArrayBuffer, label: string): GPUBuffer {
    const buffer = this.device.createBuffer({
      label: `${label} (params)`,
      size: params.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.device.queue.writeBuffer(buffer, 0, params);
    return buffer;
  }
}
