/**
 * What our kernels should reach at the works of `bench:peers` on a GPU that need not be there: bounds
 * by arithmetic, not measurements.
 *
 *     deno run -A bench/peers/on_paper.ts [gpu=h100]
 */
import { bytesOf } from "../../src/gpu/plan.ts";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import { factsOfModel, GPU_MODELS, type GpuModelName } from "../../src/profile/gpu_models.ts";
import { paperRoofline } from "../../src/profile/paper_roofline.ts";
import { markdownTable } from "../../src/report/markdown_table.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { readOptions, runMain } from "../support/options.ts";
import { threeDigits } from "../support/statistics.ts";
import { planWork } from "./denodino_plan.ts";
import { stepConfig } from "./step_work.ts";
import { wantedRates } from "./targets.ts";
import type { Work } from "./work.ts";
import { worksFor } from "./works.ts";

function main(args: readonly string[]): Promise<void> {
  const { gpu } = readOptions("on_paper", args, { gpu: "h100" });
  if (!Object.hasOwn(GPU_MODELS, gpu)) {
    const names = Object.keys(GPU_MODELS).join(", ");
    throw new Error(`Cannot run on_paper: gpu must be one of ${names}, got "${gpu}"`);
  }
  console.log(`on paper, ${GPU_MODELS[gpu as GpuModelName].name}; nothing was measured\n`);
  console.log(paperTable(gpu as GpuModelName, worksFor({ software: false })));
  return Promise.resolve();
}

/** A row for each work: least and cautious time, the rates that these are, and what is wanted. */
export function paperTable(gpu: GpuModelName, works: readonly Work[]): string {
  const model = GPU_MODELS[gpu];
  const rows = works.map((work) => {
    const dispatches = dispatchesOf(work, gpu);
    const { leastMs, cautiousMs } = paperRoofline(dispatches, model, work.images ?? 1);
    return [
      work.name,
      threeDigits(leastMs),
      threeDigits(cautiousMs),
      rateOf(work, dispatches, leastMs),
      rateOf(work, dispatches, cautiousMs),
      wantedRates(model.name, work.name).join(", "),
    ];
  });
  return markdownTable([
    { heading: "work" },
    { heading: "least ms", numbers: true },
    { heading: "cautious ms", numbers: true },
    { heading: "at most", numbers: true },
    { heading: "with caution", numbers: true },
    { heading: "wanted", numbers: true },
  ], rows);
}

function dispatchesOf(work: Work, gpu: GpuModelName): Dispatch[] {
  const facts = factsOfModel(GPU_MODELS[gpu]);
  const settings = work.settings as Parameters<typeof planWork>[1]["settings"];
  const { plan } = work.kind === "step"
    ? recordStep(facts, stepShape(stepConfig(settings.options)))
    : planWork(facts, { kind: work.kind, settings }, work.inputs());
  return [...plan.phases.values()].flat();
}

function rateOf({ flops, images }: Work, dispatches: readonly Dispatch[], ms: number): string {
  if (images !== null) return `${threeDigits(images * 1000 / ms)} images/s`;
  if (flops !== null) return `${threeDigits(flops / ms / 1e6)} GFLOP/s`;
  const bytes = dispatches.reduce((sum, dispatch) => sum + bytesOf(dispatch), 0);
  return `${threeDigits(bytes / ms / 1e6)} GB/s`;
}

if (import.meta.main) await runMain(main);
