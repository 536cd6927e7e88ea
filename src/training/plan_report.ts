import { type Precision, precisionOf } from "../config/device_fields.ts";
import { evaluatedNetworks } from "../config/evaluation_metrics.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import type { TrainConfig, TrainOptions } from "../config/train_config.ts";
import { type AdapterFacts, DEFAULT_FACTS, openDevice } from "../gpu/device.ts";
import { GpuError } from "../gpu/errors.ts";
import { assertFits, bytesOf, costOf, type Plan } from "../gpu/plan.ts";
import { type Dispatch, gridOf } from "../gpu/recorder.ts";
import {
  factsOfModel,
  GPU_MODELS,
  type GpuModel,
  type GpuModelName,
} from "../profile/gpu_models.ts";
import { type PaperRoofline, paperRoofline } from "../profile/paper_roofline.ts";
import { precisionRefusal } from "./assert_precision.ts";
import { isEvaluation } from "./evaluation/class_token_pass.ts";
import { recordStep, stepShape, viewMaker } from "./run_setup.ts";
import type { StepShape } from "./step_shape.ts";

/** Settings of a run of which only the step matters. */
export type PlanOptions = Omit<TrainOptions, "out" | "data"> & Partial<TrainOptions>;

/** All dispatches of one kernel in a phase. */
export interface KernelWork {
  kernel: string;
  dispatches: number;
  workgroups: number;
  flops: number;
  bytes: number;
}

/** What a phase of a step does, the most work first. */
export interface PhaseWork {
  phase: string;
  dispatches: number;
  flops: number;
  bytes: number;
  kernels: KernelWork[];
}

/** What a training step would do and take. */
export interface PlanReport {
  model: string;
  batchSize: number;
  precision: Precision;
  adapter: string;
  phases: PhaseWork[];
  /** Bytes by what they are for, the largest first. */
  memory: Record<string, number>;
  totalBytes: number;
  peakActivationBytes: number;
  largestBuffer: { label: string; kind: string; bytes: number };
  flops: number;
  flopsPerImage: number;
  /** Why this machine, or that GPU, would refuse the run; null if it would not. */
  refusal: string | null;
  /** What a step comes to on the GPU that was named; null where it was not. */
  paper: PaperRoofline | null;
}

/**
 * Tells the work and the memory of a training step on this machine, without doing or allocating it.
 *
 * @example
 * ```ts
 * import { plan } from "./plan_report.ts";
 *
 * const small = { model: "dinov2/vittest", batch_size: 8, method_args: { output_dim: 4096 } };
 * const { totalBytes, flopsPerImage, refusal } = await plan(small);
 * if (refusal === null) console.log(totalBytes, flopsPerImage);
 * ```
 *
 * @param options As for `train`; `out` and `data` may be left out.
 * @param on A GPU that need not be here, to plan for in place of this machine's.
 * @returns FLOPs and bytes, and why the machine would refuse the run, if it would.
 * @throws {ConfigError} Lists every problem of the settings.
 */
export async function plan(
  options: PlanOptions,
  { on = null }: { on?: GpuModelName | null } = {},
): Promise<PlanReport> {
  const { out = "-", data = "-" } = options;
  return await planOf(resolveConfig({ ...options, out, data }), on);
}

/** As {@linkcode plan}, of checked settings. */
export async function planOf(
  config: TrainConfig,
  on: GpuModelName | null = null,
): Promise<PlanReport> {
  const shape = stepShape(config);
  const gpu = on === null ? null : GPU_MODELS[on];
  const { facts, missing } = gpu === null
    ? await factsOf(config)
    : { facts: factsOnPaper(gpu, config), missing: null };
  const views = viewMaker(config, facts) === "gpu" ? config.transform_args : null;
  const { plan } = recordStep(facts, shape, views, evaluatedNetworks(config.callbacks));
  const { bytesByKind, totalBytes, largest } = costOf(plan);
  const memory = [...bytesByKind].sort(([, a], [, b]) => b - a);
  const phases = [...plan.phases].map(([phase, dispatches]) => workOf(phase, dispatches));
  const flops = phases.filter(({ phase }) => !isEvaluation(phase))
    .reduce((sum, phase) => sum + phase.flops, 0);
  return {
    model: config.model,
    batchSize: shape.batchSize,
    precision: precisionOf(config),
    adapter: plan.adapter.name,
    phases,
    memory: Object.fromEntries(memory),
    totalBytes,
    peakActivationBytes: plan.peakActivationBytes,
    largestBuffer: largest,
    flops,
    flopsPerImage: flops / shape.batchSize,
    refusal: missing ?? precisionRefusal(facts, config) ?? refusalOf(plan, gpu),
    paper: gpu === null ? null : paperOf(plan, shape, gpu),
  };
}

/** Every dispatch of an optimizer step, and what it comes to on a GPU that need not be here. */
function paperOf(
  plan: Plan,
  { batchSize, accumulationSteps }: StepShape,
  gpu: GpuModel,
): PaperRoofline {
  const dispatches = [...plan.phases].flatMap(([phase, list]) => {
    if (isEvaluation(phase)) return [];
    const once = phase === "begin" || phase === "update";
    return Array.from({ length: once ? 1 : accumulationSteps }, () => list).flat();
  });
  return paperRoofline(dispatches, gpu, batchSize * accumulationSteps);
}

/** The facts of a GPU that need not be here, with the variants of kernels that are asked for. */
function factsOnPaper(gpu: GpuModel, { kernels }: TrainConfig): AdapterFacts {
  const facts = factsOfModel(gpu);
  return kernels === "auto" ? facts : { ...facts, kernels };
}

/** The facts of the adapter here; WebGPU's default limits where there is none, and what is said. */
async function factsOf(
  config: TrainConfig,
): Promise<{ facts: AdapterFacts; missing: string | null }> {
  try {
    const open = await openDevice(config);
    open.close();
    return { facts: open.facts, missing: null };
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    return { facts: DEFAULT_FACTS, missing: error.message };
  }
}

/** As a run would refuse it: a software adapter's memory is the machine's. */
function refusalOf(plan: Plan, gpu: GpuModel | null): string | null {
  const { software } = plan.adapter;
  const memoryBytes = gpu !== null
    ? gpu.memoryGiB * 2 ** 30
    : software
    ? Deno.systemMemoryInfo().available
    : undefined;
  try {
    assertFits(plan, memoryBytes);
    return null;
  } catch (error) {
    if (error instanceof GpuError) return error.message;
    throw error;
  }
}

/** Dispatches of a phase added up by label, parameter buffers together. */
function workOf(phase: string, list: readonly Dispatch[]): PhaseWork {
  const byLabel = new Map<string, KernelWork>();
  for (const dispatch of list) {
    const kernel = dispatch.label.replace(/\.\d+$/, "");
    const work = byLabel.get(kernel) ??
      { kernel, dispatches: 0, workgroups: 0, flops: 0, bytes: 0 };
    work.dispatches++;
    work.workgroups += gridOf(dispatch.workgroups).reduce((product, size) => product * size, 1);
    work.flops += dispatch.flops ?? 0;
    work.bytes += bytesOf(dispatch);
    byLabel.set(kernel, work);
  }
  const kernels = [...byLabel.values()].sort((a, b) => b.flops - a.flops || b.bytes - a.bytes);
  const total = (key: "flops" | "bytes") => kernels.reduce((sum, work) => sum + work[key], 0);
  return { phase, dispatches: list.length, flops: total("flops"), bytes: total("bytes"), kernels };
}
