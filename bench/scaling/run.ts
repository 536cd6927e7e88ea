/**
 * Times whole training steps over batch size, views, image size and prototypes, and says how far
 * their cost is from a line.
 *
 *     deno task bench:scaling [only=batch,prototypes] [rounds=5] [out=bench/results]
 */
import { join } from "node:path";
import { openDevice } from "../../src/gpu/device.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { measureLimits } from "../../src/machine/limits.ts";
import { NoiseStep } from "../support/noise_step.ts";
import { positiveNumber, readOptions, runMain, wantedOf } from "../support/options.ts";
import { originNow, RESULTS, resultsFolder } from "../support/results.ts";
import { axesFor } from "./axes.ts";
import { type AxisFinding, axisFinding, type ScalingFindings } from "./findings.ts";
import { markdownReport, scalingPicture, verdictTable } from "./report.ts";
import { timeAxis } from "./time_axis.ts";

const OPTIONS = { only: "", rounds: "5", out: RESULTS };

async function main(args: readonly string[]): Promise<void> {
  const { only, out, ...rest } = readOptions("bench:scaling", args, OPTIONS);
  const rounds = positiveNumber("bench:scaling", "rounds", rest.rounds);
  const open = await openDevice();
  try {
    const { name, software } = open.facts;
    const folder = await resultsFolder(out, name);
    const origin = await originNow();
    const limits = await limitsOf(open);
    console.log(`on ${name}`);
    const axes: AxisFinding[] = [];
    for (const axis of wantedOf("bench:scaling", "only", axesFor({ software }), only)) {
      const build = (options: Parameters<typeof NoiseStep.build>[1]) =>
        NoiseStep.build(open, options);
      const { timed, absent } = await timeAxis(axis, build, rounds);
      for (const [n, why] of Object.entries(absent)) console.log(`${axis.name}, ${n}: ${why}`);
      if (timed.length < 3) {
        console.log(`${axis.name}: left out, for two sizes are on a line whatever they cost`);
        continue;
      }
      axes.push(axisFinding(axis, timed, { software, limits, absent }));
      // Written down after each axis, so that whatever ends the run loses none.
      await write({ ...await origin(open.facts), limits, rounds, axes }, folder);
      console.log(`\n${verdictTable(axes.slice(-1))}`);
    }
    console.log(`\nwritten to ${folder}`);
  } finally {
    open.close();
  }
}

async function limitsOf(open: Awaited<ReturnType<typeof openDevice>>) {
  using gpu = Gpu.on(open);
  return await measureLimits(gpu);
}

async function write(found: ScalingFindings, folder: string): Promise<void> {
  await Deno.writeTextFile(join(folder, "scaling.json"), JSON.stringify(found, null, 2) + "\n");
  await Deno.writeTextFile(join(folder, "scaling.md"), markdownReport(found));
  await Deno.writeTextFile(join(folder, "scaling.svg"), scalingPicture(found));
}

if (import.meta.main) await runMain(main);
