import { type Dawn, DAWN_PACKAGE, loadDawn } from "../deps/webgpu.ts";
import { GpuError } from "./errors.ts";

/** With them Dawn lists `chromium-experimental-subgroup-matrix` where a GPU has tensor cores. */
const FLAGS = ["enable-dawn-features=allow_unsafe_apis"];

let instance: Promise<GPU> | undefined;

/**
 * Dawn, Chromium's WebGPU, in place of Deno's own; the package is loaded by the first call.
 *
 * @param load Loads the package.
 * @throws {GpuError} If it cannot be loaded.
 */
export async function dawnGpu(load: () => Promise<Dawn> = loadDawn): Promise<GPU> {
  try {
    // Kept: devices die with the instance that they come from.
    return await (instance ??= load().then(({ create }) => create(FLAGS)));
  } catch (error) {
    instance = undefined;
    throw new GpuError(
      `Cannot open Dawn: ${DAWN_PACKAGE} must be there to be loaded, got "${
        (error as Error).message.split("\n")[0]
      }"; run this once where npm packages can be downloaded, or leave out accelerator=dawn`,
    );
  }
}

/** Has a device of Dawn take kernels as they are written for Deno's compiler. */
export function acceptKernels(device: GPUDevice): GPUDevice {
  const create = device.createShaderModule.bind(device);
  // Dawn's compiler wants the extension to be named, which Deno's refuses.
  device.createShaderModule = ({ code, ...rest }) =>
    create({ ...rest, code: /\bsubgroup[A-Z]/.test(code) ? `enable subgroups; ${code}` : code });
  return device;
}
