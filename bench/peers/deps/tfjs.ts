export const VERSION = "4.22.0";

/** A tensor. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What we use of the package. */
export interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  /** The backend, whose work has to be submitted by hand: a wait would end at once without. */
  backend(): {
    ensureCommandEncoderReady(): void;
    endComputePassEncoder(): void;
    submitQueue(): void;
    queue: GPUQueue;
  };
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
}

/** Loads the package and its WebGPU backend, which looks for an adapter as it loads. */
export async function loadTfjs(): Promise<Tfjs> {
  // Not by a literal name, which everybody's first run of anything would load.
  const [core, backend] = ["core", "backend-webgpu"].map((part) =>
    `npm:@tensorflow/tfjs-${part}@${VERSION}`
  );
  const tfjs = await import(core);
  await import(backend);
  return tfjs;
}
