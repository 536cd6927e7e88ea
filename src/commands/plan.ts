import { type Command, Option } from "../deps/commander.ts";
import { writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";
import { mib } from "../gpu/plan.ts";
import { GPU_MODELS, type GpuModelName } from "../profile/gpu_models.ts";
import { paperChart } from "../profile/paper_chart.ts";
import { describePaper } from "../profile/paper_text.ts";
import { type PhaseWork, planOf, type PlanReport } from "../training/plan_report.ts";
import { readPlanArguments } from "./arguments.ts";
import { type CommandContext, examples, EXIT, printFound, UsageError } from "./command_line.ts";

/** Adds `plan` to the program; `run` is what it does. */
export function addPlan(program: Command, context: CommandContext, run = planOf): void {
  program.command("plan")
    .description("tell the work and the memory of a training step, without doing it")
    .argument("[settings...]", "settings as key=value; out and data may be left out")
    .addOption(
      new Option("--on <gpu>", "plan for a GPU that need not be here, with how fast it could be")
        .choices(GPU_NAMES),
    )
    .option("--picture <file>", "draw that as a PNG file")
    .option("--json", "print it as JSON, in bytes and FLOPs")
    .addHelpText("after", PLAN_HELP)
    .action(async (args, { on = null, picture, json }) => {
      if (picture !== undefined && on === null) {
        throw new UsageError(
          `Cannot draw ${picture}: it shows a plan on paper; name a GPU with --on`,
        );
      }
      const report = await run(await readPlanArguments(args), on);
      if (picture !== undefined) {
        await writeWhole(picture, paperChart(report.paper!))
          .catch((error) => Promise.reject(writeRefused(picture, error)));
      }
      printFound(context, report, json, describePlan);
      if (report.refusal !== null) context.exitCode = EXIT.failed;
    });
}

const PLAN_HELP = examples(
  "plan model=dinov2/vits14-notpretrained batch_size=64",
  "plan model=dinov2/vitg14-notpretrained batch_size=32 --json",
  "plan model=dinov2/vits14-notpretrained batch_size=32 --on h100 --picture h100.png",
) + "\n\nExit code 1 if this machine, or the GPU of --on, would refuse the run.";

const GPU_NAMES = Object.keys(GPU_MODELS) as GpuModelName[];

/** A plan as text. */
export function describePlan(report: PlanReport): string {
  const { model, batchSize, precision, adapter } = report;
  const { totalBytes, peakActivationBytes, largestBuffer } = report;
  return [
    `${model}, batch_size ${batchSize}, precision ${precision}, ${adapter}`,
    ...report.phases.flatMap(phaseLines),
    "memory",
    ...Object.entries(report.memory).map(([kind, bytes]) => memoryLine(kind, bytes)),
    memoryLine("total", totalBytes),
    `  activations alive at once, at most: ${mib(peakActivationBytes)}`,
    `  largest buffer: ${largestBuffer.label}, ${mib(largestBuffer.bytes)}`,
    `work: ${(report.flops / 1e12).toFixed(3)} TFLOP a step, ` +
    `${(report.flopsPerImage / 1e9).toFixed(2)} GFLOP an image`,
    ...(report.refusal === null ? [] : [`would be refused: ${report.refusal}`]),
    ...(report.paper === null ? [] : ["", describePaper(report.paper)]),
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
