import { GpuError } from "./errors.ts";
import { wgslOf } from "./kernel.ts";
import type { Dispatch } from "./recorder.ts";
import { byteLength } from "./tensor.ts";

/**
 * Compiles each kernel once per entry point and set of constants.
 */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, GPUComputePipeline>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The compiled pipeline of a dispatch. Errors surface in the caller's error scope. */
  get(dispatch: Dispatch): GPUComputePipeline {
    const key = pipelineKey(dispatch);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#device.createComputePipeline(this.#descriptor(dispatch));
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /**
   * Compiles all pipelines of a list ahead of its first run.
   *
   * @throws {GpuError} Names the kernel, with line and column where the compiler gives them.
   */
  async prepare(dispatches: readonly Dispatch[]): Promise<void> {
    const missing = new Map<string, Dispatch>();
    for (const dispatch of dispatches) {
      const key = pipelineKey(dispatch);
      if (!this.#pipelines.has(key)) missing.set(key, dispatch);
    }
    await Promise.all([...missing].map(async ([key, dispatch]) => {
      try {
        const descriptor = this.#descriptor(dispatch);
        this.#pipelines.set(key, await this.#device.createComputePipelineAsync(descriptor));
      } catch (error) {
        // A broken module is only called invalid; what the compiler said of it is asked for.
        const { messages } = await this.#module(dispatch).getCompilationInfo();
        const { message } = messages.find(({ type }) => type === "error") ?? (error as Error);
        throw new GpuError(`Cannot compile ${dispatch.label}: ${message.trim()}`);
      }
    }));
  }

  /** The bind group of a dispatch, over buffers that exist. */
  bind(
    dispatch: Dispatch,
    params: GPUBufferBinding | undefined,
  ): GPUBindGroup {
    const tensors = [...dispatch.inputs, ...dispatch.outputs];
    const entries: GPUBindGroupEntry[] = tensors.map((tensor, index) => ({
      binding: index + 1,
      resource: {
        buffer: bufferOf(tensor.storage, tensor.label, dispatch.label),
        offset: tensor.offsetBytes,
        size: byteLength(tensor.shape, tensor.dtype),
      },
    }));
    if (params) entries.unshift({ binding: 0, resource: params });
    return this.#device.createBindGroup({
      label: dispatch.label,
      layout: this.#layout(dispatch),
      entries,
    });
  }

  #descriptor(dispatch: Dispatch): GPUComputePipelineDescriptor {
    return {
      label: dispatch.label,
      layout: this.#device.createPipelineLayout({
        label: dispatch.label,
        bindGroupLayouts: [this.#layout(dispatch)],
      }),
      compute: {
        module: this.#module(dispatch),
        entryPoint: dispatch.entryPoint,
        constants: dispatch.constants ?? {},
      },
    };
  }

  #module({ source, label, elem = "f32" }: Dispatch): GPUShaderModule {
    const code = wgslOf(source, elem);
    let module = this.#modules.get(code);
    if (!module) {
      module = this.#device.createShaderModule({ label, code });
      this.#modules.set(code, module);
    }
    return module;
  }

  #layout({ params, inputs, outputs }: Dispatch): GPUBindGroupLayout {
    const key = `${params ? 1 : 0} ${inputs.length} ${outputs.length}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      const types: GPUBufferBindingType[] = [
        ...inputs.map(() => "read-only-storage" as const),
        ...outputs.map(() => "storage" as const),
      ];
      const entries: GPUBindGroupLayoutEntry[] = types.map((type, index) => ({
        binding: index + 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      }));
      if (params) {
        const buffer: GPUBufferBindingLayout = { type: "uniform" };
        entries.unshift({ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer });
      }
      layout = this.#device.createBindGroupLayout({ label: key, entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

function pipelineKey(dispatch: Dispatch): string {
  const { source, entryPoint, elem = "f32", constants, params, inputs, outputs } = dispatch;
  const layout = [params ? 1 : 0, inputs.length, outputs.length];
  return JSON.stringify([entryPoint, constants, layout]) + wgslOf(source, elem);
}

function bufferOf(storage: { buffer?: GPUBuffer }, tensor: string, label: string): GPUBuffer {
  if (storage.buffer) return storage.buffer;
  throw new GpuError(`Cannot run ${label}: ${tensor} has no memory yet; build its plan first`);
}
