import { GpuError } from "./errors.ts";
import type { OpenDevice } from "./device.ts";
import { byteLength, floatsOf, type Tensor } from "./tensor.ts";

/**
 * The bytes of a tensor, padded to whole words; waits for everything submitted so far.
 *
 * @throws {GpuError} If the device failed or was lost meanwhile.
 */
export async function readTensor(open: OpenDevice, tensor: Tensor): Promise<ArrayBuffer> {
  const { device } = open;
  const { label, storage, offsetBytes } = tensor;
  const size = byteLength(tensor.shape, tensor.dtype);
  const staging = device.createBuffer({
    label: `${label} (readback)`,
    size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder({ label: `${label} (readback)` });
  encoder.copyBufferToBuffer(storage.buffer!, offsetBytes, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  const bytes = await mappedBytes(open, staging, size, label);
  staging.destroy();
  return bytes;
}

/** A copy of the leading bytes of a staging buffer; says why where it cannot be mapped. */
async function mappedBytes(
  open: OpenDevice,
  staging: GPUBuffer,
  size: number,
  label: string,
): Promise<ArrayBuffer> {
  try {
    await staging.mapAsync(GPUMapMode.READ);
  } catch (error) {
    // A lost device or an earlier failure says more than the mapping does, a moment later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    open.check();
    throw new GpuError(`Cannot read back ${label}: ${(error as Error).message}`);
  }
  const bytes = staging.getMappedRange().slice(0, size);
  staging.unmap();
  open.check();
  return bytes;
}

/**
 * Brings a small tensor back from every step without waiting each time: the copies gather in a
 * mappable buffer, which is read when somebody asks, one or more steps late.
 */
export class Readback implements Disposable {
  readonly capacity: number;
  readonly #open: OpenDevice;
  readonly #tensor: Tensor;
  readonly #rowBytes: number;
  readonly #staging: GPUBuffer;
  #pending = 0;

  /** @param tensor A kept tensor of floats. @param capacity Copies that may gather before a read. */
  constructor(open: OpenDevice, tensor: Tensor, capacity = 64) {
    this.#open = open;
    this.#tensor = tensor;
    this.capacity = capacity;
    this.#rowBytes = byteLength(tensor.shape, tensor.dtype);
    this.#staging = open.device.createBuffer({
      label: `${tensor.label} (readback)`,
      size: this.#rowBytes * capacity,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** Copies that have gathered. */
  get pending(): number {
    return this.#pending;
  }

  /** Queues a copy of the tensor as it is after everything submitted so far. */
  push(): void {
    if (this.#pending === this.capacity) {
      throw new GpuError(`Cannot read back ${this.#tensor.label}: take the ${this.capacity} first`);
    }
    const { device } = this.#open;
    const encoder = device.createCommandEncoder({ label: `${this.#tensor.label} (readback)` });
    const { storage, offsetBytes } = this.#tensor;
    const at = this.#pending++ * this.#rowBytes;
    encoder.copyBufferToBuffer(storage.buffer!, offsetBytes, this.#staging, at, this.#rowBytes);
    device.queue.submit([encoder.finish()]);
  }

  /** Waits for the queue and returns the gathered copies, oldest first. */
  async take(): Promise<Float32Array[]> {
    const count = this.#pending;
    if (count === 0) return [];
    const length = count * this.#rowBytes;
    const bytes = await mappedBytes(this.#open, this.#staging, length, this.#tensor.label);
    this.#pending = 0;
    return Array.from({ length: count }, (_, i) => {
      const row = bytes.slice(i * this.#rowBytes, (i + 1) * this.#rowBytes);
      return floatsOf(this.#tensor, row);
    });
  }

  [Symbol.dispose](): void {
    this.#staging.destroy();
  }
}
