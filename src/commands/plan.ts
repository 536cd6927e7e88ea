import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { type AdapterFacts, DEFAULT_FACTS, openDevice } from "../gpu/device.ts";
import { GpuError } from "../gpu/errors.ts";
import { assertFits, bytesOf, costOf, mib, type Plan } from "../gpu/plan.ts";
import { type Dispatch, gridOf } from "../gpu/recorder.ts";
import { recordStep, stepShape, viewMaker } from "../training/run_setup.ts";
import { readPlanArguments } from "./arguments.ts";
import { type CommandContext, examples, EXIT, printFound } from "./command_line.ts";

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
  adapter: string;
  phases: PhaseWork[];
  /** Bytes by what they are for, the largest first. */
  memory: Record<string, number>;
  totalBytes: number;
  peakActivationBytes: number;
  largestBuffer: { label: string; kind: string; bytes: number };
  flops: number;
  flopsPerImage: number;
  /** Why this machine would refuse the run; null if it would not. */
  refusal: string | null;
}

/** Adds `plan` to the program; `run` is what it does. */
export function addPlan(program: Command, context: CommandContext, run = planOf): void {
  program.command("plan")
    .description("tell the work and the memory of a training step, without doing it")
    .argument("[settings...]", "settings as key=value; out and data may be left out")
    .option("--json", "print it as JSON, in bytes and FLOPs")
    .addHelpText("after", PLAN_HELP)
    .action(async (args, { json }) => {
      const report = await run(await readPlanArguments(args));
      printFound(context, report, json, describePlan);
      if (report.refusal !== null) context.exitCode = EXIT.failed;
    });
}

const PLAN_HELP = examples(
  "plan model=dinov2/vits14-notpretrained batch_size=64",
  "plan model=dinov2/vitg14-notpretrained batch_size=32 --json",
) + "\n\nExit code 1 if this machine would refuse the run.";

/** What a training step would do and take; allocates nothing. */
export async function planOf(config: TrainConfig): Promise<PlanReport> {
  const shape = stepShape(config);
  const facts = await factsOf(config);
  const views = viewMaker(config, facts) === "gpu" ? config.transform_args : null;
  const { plan } = recordStep(facts, shape, views);
  const { bytesByKind, totalBytes, largest, flops } = costOf(plan);
  const memory = [...bytesByKind].sort(([, a], [, b]) => b - a);
  return {
    model: config.model,
    batchSize: shape.batchSize,
    adapter: plan.adapter.name,
    phases: [...plan.phases].map(([phase, dispatches]) => workOf(phase, dispatches)),
    memory: Object.fromEntries(memory),
    totalBytes,
    peakActivationBytes: plan.peakActivationBytes,
    largestBuffer: largest,
    flops,
    flopsPerImage: flops / shape.batchSize,
    refusal: refusalOf(plan),
  };
}

/** The facts of the adapter here, or WebGPU's default limits where there is none. */
async function factsOf({ accelerator }: TrainConfig): Promise<AdapterFacts> {
  try {
    const open = await openDevice(accelerator);
    open.close();
    return open.facts;
  } catch {
    return DEFAULT_FACTS;
  }
}

/** As a run would refuse it: a software adapter's memory is the machine's. */
function refusalOf(plan: Plan): string | null {
  try {
    const { software } = plan.adapter;
    assertFits(plan, software ? Deno.systemMemoryInfo().available : undefined);
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

/** A plan as text. */
export function describePlan(report: PlanReport): string {
  const { model, batchSize, adapter, totalBytes, peakActivationBytes, largestBuffer } = report;
  return [
    `${model}, batch_size ${batchSize}, ${adapter}`,
    ...report.phases.flatMap(phaseLines),
    "memory",
    ...Object.entries(report.memory).map(([kind, bytes]) => memoryLine(kind, bytes)),
    memoryLine("total", totalBytes),
    `  activations alive at once, at most: ${mib(peakActivationBytes)}`,
    `  largest buffer: ${largestBuffer.label}, ${mib(largestBuffer.bytes)}`,
    `work: ${(report.flops / 1e12).toFixed(3)} TFLOP a step, ` +
    `${(report.flopsPerImage / 1e9).toFixed(2)} GFLOP an image`,
    ...(report.refusal === null ? [] : [`would be refused: ${report.refusal}`]),
  ].join("\n");
}

function phaseLines({ phase, kernels }: PhaseWork): string[] {
  const rows = kernels.map(({ kernel, dispatches, workgroups, flops, bytes }) =>
    columns(kernel, dispatches, workgroups, (flops / 1e9).toFixed(2), (bytes / 1e6).toFixed(1))
  );
  return [`phase ${phase}`, columns("dispatch", "count", "workgroups", "GFLOP", "MB"), ...rows];
}

function memoryLine(kind: string, bytes: number): string {
  return `  ${kind.padEnd(14)} ${mib(bytes).padStart(14)}`;
}

function columns(label: string, ...cells: (string | number)[]): string {
  return `  ${label.padEnd(50)}${cells.map((cell) => String(cell).padStart(12)).join("")}`;
}
