import type { Recorder } from "../gpu/recorder.ts";
import { alignUp, byteLength, type DType, type Tensor } from "../gpu/tensor.ts";

/**
 * The one small buffer that a step writes: scalars, masks, what drop path keeps. Each entry is a
 * tensor of its own to the kernels; the host keeps a mirror and uploads it whole.
 */
export class StepInputs {
  readonly #entries = new Map<string, { shape: readonly number[]; dtype: DType; offset: number }>();
  #sizeBytes = 0;
  #tensor?: Tensor;
  #mirror?: ArrayBuffer;

  /** Reserves an entry; call before {@linkcode allocate}. */
  add(name: string, shape: readonly number[], dtype: DType = "f32"): void {
    this.#entries.set(name, { shape, dtype, offset: this.#sizeBytes });
    this.#sizeBytes += alignUp(byteLength(shape, dtype));
  }

  allocate(gpu: Recorder): void {
    this.#tensor = gpu.keep("inputs", [this.#sizeBytes / 4], "step_inputs");
    this.#mirror = new ArrayBuffer(this.#sizeBytes);
  }

  /** The tensor that kernels bind. */
  tensor(name: string): Tensor {
    const { shape, dtype, offset } = this.#entry(name);
    const { storage } = this.whole;
    return { label: name, shape, dtype, storage, offsetBytes: offset };
  }

  /** Sets the leading values of an entry in the mirror and zeroes the rest. */
  set(name: string, values: ArrayLike<number>): void {
    const { shape, dtype, offset } = this.#entry(name);
    const size = byteLength(shape, dtype) / 4;
    if (values.length > size) {
      throw new RangeError(
        `Cannot set step input ${name}: it must have at most ${size} values, got ${values.length}`,
      );
    }
    const target = dtype === "u32"
      ? new Uint32Array(this.#mirror!, offset, size)
      : new Float32Array(this.#mirror!, offset, size);
    target.fill(0);
    target.set(values);
  }

  /** The values an entry has in the mirror. */
  mirror(name: string): Float32Array {
    const { shape, dtype, offset } = this.#entry(name);
    return new Float32Array(this.#mirror!, offset, byteLength(shape, dtype) / 4);
  }

  /** The whole buffer as one tensor, and what to write into it. */
  get whole(): Tensor {
    if (!this.#tensor) throw new Error("Cannot use step inputs: allocate them first");
    return this.#tensor;
  }

  get values(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#mirror!);
  }

  #entry(name: string) {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`Cannot find step input ${name}: add it first`);
    return entry;
  }
}
