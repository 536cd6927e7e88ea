import { GpuError } from "./errors.ts";
import type { OpenDevice } from "./device.ts";
import { elementCount, type Tensor } from "./tensor.ts";

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

  /** @param tensor A kept f32 tensor. @param capacity Copies that may gather before a read. */
  constructor(open: OpenDevice, tensor: Tensor, capacity = 64) {
    this.#open = open;
    this.#tensor = tensor;
    this.capacity = capacity;
    this.#rowBytes = elementCount(tensor.shape) * 4;
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
    await this.#staging.mapAsync(GPUMapMode.READ);
    const bytes = this.#staging.getMappedRange().slice(0, count * this.#rowBytes);
    this.#staging.unmap();
    this.#pending = 0;
    this.#open.check();
    const values = new Float32Array(bytes);
    const size = this.#rowBytes / 4;
    return Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size));
  }

  [Symbol.dispose](): void {
    this.#staging.destroy();
  }
}
