import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { matmul } from "../ops/matmul.ts";
import { randomStream } from "../random.ts";
import half from "./half.wgsl" with { type: "text" };
import longLoop from "./long_loop.wgsl" with { type: "text" };
import { measure } from "./measure.ts";

/** A matrix product that was timed and checked. */
export interface MatmulCheck {
  /** Rows, columns and depth. */
  size: number;
  gflops: number;
  /** Largest error of the elements that were checked, of values around 1. */
  maxError: number;
  right: boolean;
}

/** Elements of a product that are computed again in float64. */
const CHECKED = 64;

/** Rounding of a sum of a few thousand products of float32, each below 1, divided by its spread. */
const MATMUL_TOLERANCE = 1e-4;

/** Times a square product for a second, and computes some of its elements again. */
export async function checkMatmul(gpu: Gpu): Promise<MatmulCheck> {
  const size = gpu.adapter.software ? 512 : 4096;
  const [a, b] = ["a", "b"].map((name) => uniform(size * size, name));
  const [left, right] = [gpu.upload([size, size], a, "a"), gpu.upload([size, size], b, "b")];
  const into = gpu.empty([size, size], "y");
  const timed = await measure(
    gpu,
    "matmul",
    (recorder) => void matmul(recorder, left, right, { into }),
  );
  const y = await gpu.download(into);
  const spread = Math.sqrt(size) / 3; // standard deviation of an element
  let maxError = 0;
  for (let i = 0; i < CHECKED; i++) {
    const [row, col] = [(i * 2531) % size, (i * 1723) % size];
    let expected = 0;
    for (let k = 0; k < size; k++) expected += a[row * size + k] * b[k * size + col];
    const error = Math.abs(y[row * size + col] - expected) / spread;
    maxError = error <= maxError ? maxError : error; // so that NaN counts
  }
  return { size, gflops: timed.gflops!, maxError, right: maxError < MATMUL_TOLERANCE };
}

/** Numbers from -1 to 1. */
function uniform(length: number, name: string): Float32Array {
  const random = randomStream(0, `doctor ${name}`);
  return Float32Array.from({ length }, () => 2 * random.uniform() - 1);
}

/** Iterations that a known fault of old software drivers ends loops before. */
const LONG_LOOP = 70_000;

/** Whether a shader's loop of more than 65,535 iterations is run to its end. */
export async function checkLongLoop(gpu: Gpu): Promise<boolean> {
  const count = gpu.upload([1], Uint32Array.of(LONG_LOOP), "count");
  const state: Tensor = gpu.empty([1], "state", "u32");
  const label = "long_loop.forward";
  gpu.run({
    label,
    source: longLoop,
    entryPoint: "forward",
    inputs: [count],
    outputs: [state],
    workgroups: 1,
  });
  const [found] = new Uint32Array(await gpu.downloadBytes(state));
  let expected = 0;
  for (let i = 0; i < LONG_LOOP; i++) expected = Math.imul(1664525, expected) + 1013904223 >>> 0;
  return found === expected;
}

/** Numbers stored as f16 that are checked. */
const HALVES = 4096;

/**
 * Whether f16 is stored and read right, not only listed: products of a few thousand numbers,
 * rounded to either neighbor.
 */
export async function checkHalf({ device }: Pick<Gpu, "device">): Promise<boolean> {
  const [a, b] = ["left", "right"].map((name) => Float16Array.from(uniform(HALVES, name)));
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const size = 2 * HALVES;
  const buffers = [0, 1, 2].map(() => device.createBuffer({ label: "half", size, usage }));
  const staging = device.createBuffer({
    label: "half (readback)",
    size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    device.queue.writeBuffer(buffers[0], 0, a.buffer);
    device.queue.writeBuffer(buffers[1], 0, b.buffer);
    runHalf(device, buffers, staging);
    await staging.mapAsync(GPUMapMode.READ);
    const y = new Float16Array(staging.getMappedRange().slice(0));
    return y.every((found, i) => isNear(found, a[i] * b[i] + a[i]));
  } finally {
    for (const buffer of [...buffers, staging]) buffer.destroy();
  }
}

function runHalf(device: GPUDevice, buffers: readonly GPUBuffer[], staging: GPUBuffer): void {
  const module = device.createShaderModule({ label: "half", code: half });
  const pipeline = device.createComputePipeline({
    label: "half.forward",
    layout: "auto",
    compute: { module, entryPoint: "forward" },
  });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const layout = pipeline.getBindGroupLayout(0);
  const encoder = device.createCommandEncoder({ label: "half" });
  const pass = encoder.beginComputePass({ label: "half" });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ label: "half", layout, entries }));
  pass.dispatchWorkgroups(HALVES / 64);
  pass.end();
  encoder.copyBufferToBuffer(buffers[2], 0, staging, 0, staging.size);
  device.queue.submit([encoder.finish()]);
}

/** WGSL may round to either neighbor: an error below one step of the last bit, or tiny. */
function isNear(found: number, exact: number): boolean {
  return Math.abs(found - exact) <= 2 ** -10 * Math.abs(exact) + 2 ** -24;
}
