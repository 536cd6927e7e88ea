import "../deps/webgpu_types.ts";
import { acceptKernels, dawnGpu } from "./dawn.ts";
import { GpuError } from "./errors.ts";

/** The variants of kernels: for GPUs, or for software adapters. */
export type KernelFamily = "gpu" | "cpu";

/** What kernels and planner need to know of an adapter. */
export interface AdapterFacts {
  /** Name as the driver gives it, such as "llvmpipe (LLVM 15.0.6, 256 bits)". */
  readonly name: string;
  readonly driver: string;
  /** True where the "GPU" is the CPU: its memory is the machine's, and its threads the workers'. */
  readonly software: boolean;
  /** Which variants ops take: "gpu" tiles in workgroup memory, "cpu" few loads and no barriers. */
  readonly kernels: KernelFamily;
  /** Lanes that run in lockstep and can share registers; 0 where subgroups are missing. */
  readonly subgroupSize: number;
  readonly shaderF16: boolean;
  /** Numbers of 64 bits, which bring twice as much where a load costs the same for any. */
  readonly shaderInt64: boolean;
  readonly timestamps: boolean;
  /** Largest range that one binding can show a kernel, in bytes. */
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  readonly maxStorageBuffers: number;
  readonly maxWorkgroupBytes: number;
  readonly maxWorkgroupLanes: number;
}

/** The limits that every WebGPU implementation grants: what `plan` assumes without an adapter. */
export const DEFAULT_FACTS: AdapterFacts = {
  name: "no adapter: WebGPU's default limits",
  driver: "",
  software: false,
  kernels: "gpu",
  subgroupSize: 0,
  shaderF16: false,
  shaderInt64: false,
  timestamps: false,
  maxBindingBytes: 128 * 2 ** 20,
  maxBufferBytes: 256 * 2 ** 20,
  maxStorageBuffers: 8,
  maxWorkgroupBytes: 16_384,
  maxWorkgroupLanes: 256,
};

/** An open device with its facts, and the first error that nobody was waiting for. */
export interface OpenDevice {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  /** Throws what went wrong since the last call: a lost device, a stray validation error. */
  check(): void;
  close(): void;
}

const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
] as const;

/**
 * Which adapters may be used: any, preferring hardware; only hardware; only software; any, through
 * Dawn in place of Deno's own WebGPU.
 */
export type Accelerator = "auto" | "gpu" | "cpu" | "dawn";

/** What is opened, and which variants of the kernels run there. */
export interface DeviceOptions {
  accelerator?: Accelerator;
  /** "auto" is what suits the adapter. */
  kernels?: "auto" | KernelFamily;
}

/**
 * Finds an adapter: a hardware GPU before a software one. `DENO_WEBGPU_BACKEND` chooses among
 * Vulkan, Metal, D3D12 and GL as in Deno itself.
 *
 * @throws {GpuError} If there is none of the kind asked for.
 */
export async function findAdapter(accelerator: Accelerator = "auto"): Promise<GPUAdapter> {
  // Where Vulkan finds nothing, Mesa's GL still counts as an adapter, but never finishes a step.
  if (Deno.build.os === "linux" && !Deno.env.get("DENO_WEBGPU_BACKEND")) {
    Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
  }
  // Drivers that could show a window complain on stderr when this is not set.
  if (Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR")) {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
  const wanted: (GPURequestAdapterOptions | undefined)[] = [
    { powerPreference: "high-performance" },
    { powerPreference: "low-power" },
    { forceFallbackAdapter: true },
  ];
  const gpu = accelerator === "dawn" ? await dawnGpu() : navigator.gpu;
  const found: GPUAdapter[] = [];
  for (const options of wanted) {
    const adapter = await gpu?.requestAdapter(options);
    if (!adapter) continue;
    found.push(adapter);
    if (isSoftware(adapter.info) === (accelerator === "cpu")) break;
  }
  const hardware = found.find((adapter) => !isSoftware(adapter.info));
  const software = found.find((adapter) => isSoftware(adapter.info));
  const chosen = accelerator === "gpu"
    ? hardware
    : accelerator === "cpu"
    ? software
    : hardware ?? software;
  if (chosen) return chosen;
  throw new GpuError(`Cannot open a GPU: ${MISSING[accelerator]}`);
}

const SOFTWARE_DRIVER = "on Debian and Ubuntu `apt-get install mesa-vulkan-drivers libvulkan1`";

/** What was not found, and what to do about it. */
const MISSING: Record<Accelerator, string> = {
  auto: "no WebGPU adapter found; install a Vulkan driver (a software one will do: " +
    `${SOFTWARE_DRIVER})`,
  gpu: "no hardware WebGPU adapter found; install the GPU's Vulkan driver, or write " +
    "accelerator=cpu to use a software one",
  cpu: `no software WebGPU adapter found; install one: ${SOFTWARE_DRIVER}`,
  dawn:
    "Dawn finds no adapter that it takes; it wants a GPU's own Vulkan driver, Metal or D3D12, " +
    "and refuses the lavapipe of Mesa 22.3: leave out accelerator=dawn",
};

/** True for drivers that run shaders on the CPU. */
function isSoftware(info: GPUAdapterInfo): boolean {
  const text = `${info.description} ${info.device} ${info.vendor} ${info.architecture}`;
  return info.isFallbackAdapter === true ||
    /llvmpipe|lavapipe|swiftshader|basic render|softpipe/i.test(text);
}

/** Opens the best adapter with its own limits and the optional features that kernels can use. */
export async function openDevice(
  { accelerator = "auto", kernels = "auto" }: DeviceOptions = {},
): Promise<OpenDevice> {
  const adapter = await findAdapter(accelerator);
  const device = await requestDevice(adapter, accelerator);
  if (accelerator === "dawn") acceptKernels(device);
  const facts = factsOf(adapter, device);
  return watch(device, kernels === "auto" ? facts : { ...facts, kernels });
}

const SUBGROUPS = "subgroups" as GPUFeatureName;
const INT64 = "wgpu-shader-int64" as GPUFeatureName; // wgpu's own

async function requestDevice(adapter: GPUAdapter, accelerator: Accelerator): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const useful: GPUFeatureName[] = ["shader-f16", "timestamp-query"];
  const listed = useful.filter((name) => adapter.features.has(name));
  const isCpu = isSoftware(adapter.info);
  const again = accelerator === "dawn" ? "dawn" : isCpu ? "cpu" : "gpu";
  let fresh = adapter;
  // These may be granted without being listed: try, then do without.
  for (const unlisted of isCpu ? [[SUBGROUPS, INT64], [SUBGROUPS]] : [[SUBGROUPS]]) {
    const requiredFeatures = [...listed, ...unlisted];
    try {
      return await fresh.requestDevice({ label: "denodino", requiredLimits, requiredFeatures });
    } catch {
      fresh = await findAdapter(again);
    }
  }
  return await fresh.requestDevice({
    label: "denodino",
    requiredLimits,
    requiredFeatures: listed,
  });
}

function factsOf(adapter: GPUAdapter, device: GPUDevice): AdapterFacts {
  const { info } = adapter;
  const software = isSoftware(info);
  const { limits } = device;
  const subgroups = device.features.has("subgroups");
  return {
    name: /^\d*$/.test(info.device) ? info.description || "unnamed adapter" : info.device,
    driver: info.description,
    software,
    kernels: software ? "cpu" : "gpu",
    subgroupSize: subgroups ? info.subgroupMinSize || (software ? 8 : 32) : 0,
    shaderF16: device.features.has("shader-f16"),
    shaderInt64: device.features.has(INT64),
    timestamps: device.features.has("timestamp-query"),
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupLanes: limits.maxComputeInvocationsPerWorkgroup,
  };
}

function watch(device: GPUDevice, facts: AdapterFacts): OpenDevice {
  let failure: GpuError | undefined;
  let closing = false;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failure ??= new GpuError(
      `Cannot run on the GPU (${facts.name}): ${(event as GPUUncapturedErrorEvent).error.message}`,
    );
  });
  device.lost.then(({ message }) => {
    if (closing) return;
    failure ??= new GpuError(
      `Cannot go on: the GPU device (${facts.name}) was lost: ${message || "no reason given"}; ` +
        "resume from the last checkpoint, with a smaller batch_size if memory ran out",
    );
  });
  return {
    device,
    facts,
    check() {
      if (failure) throw failure;
    },
    close() {
      closing = true;
      device.destroy();
    },
  };
}
