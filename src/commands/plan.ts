import type { TrainConfig } from "../config/train_config.ts";
import { type AdapterFacts, DEFAULT_FACTS, openDevice } from "../gpu/device.ts";
import { assertFits, bytesOf, costOf, mib, type Plan } from "../gpu/plan.ts";
import { type Dispatch, gridOf } from "../gpu/recorder.ts";
import { recordStep, stepShape, viewMaker } from "../training/run_setup.ts";

/** Prints what a training step would do and take; allocates nothing. */
export async function plan(config: TrainConfig): Promise<void> {
  const shape = stepShape(config);
  const facts = await factsOf(config);
  const views = viewMaker(config, facts) === "gpu" ? config.transform_args : null;
  const { plan } = recordStep(facts, shape, views);
  const cost = costOf(plan);
  console.log(`${config.model}, batch_size ${shape.batchSize}, ${plan.adapter.name}`);
  for (const phase of plan.phases.keys()) console.log(describePhase(plan, phase));
  console.log("memory");
  for (const [kind, bytes] of [...cost.bytesByKind].sort((a, b) => b[1] - a[1])) {
    console.log(`  ${kind.padEnd(14)} ${mib(bytes).padStart(14)}`);
  }
  console.log(`  ${"total".padEnd(14)} ${mib(cost.totalBytes).padStart(14)}`);
  console.log(`  activations alive at once, at most: ${mib(plan.peakActivationBytes)}`);
  console.log(`  largest buffer: ${cost.largest.label}, ${mib(cost.largest.bytes)}`);
  const perImage = cost.flops / shape.batchSize;
  console.log(
    `work: ${(cost.flops / 1e12).toFixed(3)} TFLOP a step, ${(perImage / 1e9).toFixed(2)} GFLOP ` +
      "an image",
  );
  try {
    assertFits(plan);
  } catch (error) {
    console.log(`would be refused: ${(error as Error).message}`);
  }
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

/** Dispatches of a phase added up by label, parameter buffers together. */
function describePhase(plan: Plan, phase: string): string {
  const rows = new Map<string, { count: number; groups: number; flops: number; bytes: number }>();
  for (const dispatch of plan.phases.get(phase)!) {
    const label = dispatch.label.replace(/\.\d+$/, "");
    const row = rows.get(label) ?? { count: 0, groups: 0, flops: 0, bytes: 0 };
    row.count++;
    row.groups += workgroupsOf(dispatch);
    row.flops += dispatch.flops ?? 0;
    row.bytes += bytesOf(dispatch);
    rows.set(label, row);
  }
  const header = columns("dispatch", "count", "workgroups", "GFLOP", "MB");
  const lines = [...rows].sort(([, a], [, b]) => b.flops - a.flops || b.bytes - a.bytes)
    .map(([label, { count, groups, flops, bytes }]) =>
      columns(label, count, groups, (flops / 1e9).toFixed(2), (bytes / 1e6).toFixed(1))
    );
  return [`phase ${phase}`, header, ...lines].join("\n");
}

function workgroupsOf({ workgroups }: Dispatch): number {
  return gridOf(workgroups).reduce((product, size) => product * size, 1);
}

function columns(label: string, ...cells: (string | number)[]): string {
  return `  ${label.padEnd(50)}${cells.map((cell) => String(cell).padStart(12)).join("")}`;
}
