import { ConfigError } from "../config/config_error.ts";
import { nearestName } from "../config/nearest_name.ts";
import { schemaFields } from "../config/schema_fields.ts";
import { TrainConfig } from "../config/train_config.ts";
import { Command, CommanderError } from "../deps/commander.ts";
import { GpuError } from "../gpu/errors.ts";
import { DataError } from "../images/errors.ts";
import { CheckpointError } from "../safetensors.ts";
import { TrainingError } from "../training/metrics.ts";
import { VERSION } from "../version.ts";
import { addBench } from "./bench.ts";
import { addBenchStep } from "./bench_step.ts";
import { addCheckData } from "./check_data.ts";
import {
  type CommandContext,
  examples,
  EXIT,
  type ExitCode,
  print,
  processContext,
  PROGRAM,
  UsageError,
} from "./command_line.ts";
import { addCompletions } from "./completions.ts";
import { addConfig } from "./config.ts";
import { addDoctor } from "./doctor.ts";
import { addEmbed } from "./embed.ts";
import { addEval } from "./eval.ts";
import { addEvalKnn } from "./eval_knn.ts";
import { addEvalLinear } from "./eval_linear.ts";
import { addEvalLogreg } from "./eval_logreg.ts";
import { addExport } from "./export.ts";
import { addGolden } from "./golden.ts";
import { addListMethods } from "./list_methods.ts";
import { addListModels } from "./list_models.ts";
import { addPlan } from "./plan.ts";
import { addPreview } from "./preview.ts";
import { addResume } from "./resume.ts";
import { addTrain } from "./train.ts";
import { addVisualize } from "./visualize.ts";

/** What commands do in place of their own doing, for tests. */
export interface Actions {
  train?: Parameters<typeof addTrain>[2];
  plan?: Parameters<typeof addPlan>[2];
  preview?: Parameters<typeof addPreview>[2];
  checkData?: Parameters<typeof addCheckData>[2];
  doctor?: Parameters<typeof addDoctor>[2];
  bench?: Parameters<typeof addBench>[2];
  benchStep?: Parameters<typeof addBenchStep>[2];
  embed?: Parameters<typeof addEmbed>[2];
  evalKnn?: Parameters<typeof addEvalKnn>[2];
  evalLinear?: Parameters<typeof addEvalLinear>[2];
  evalLogreg?: Parameters<typeof addEvalLogreg>[2];
  visualize?: Parameters<typeof addVisualize>[2];
  export?: Parameters<typeof addExport>[2];
  golden?: Parameters<typeof addGolden>[2];
}

/**
 * Runs the command that `args` ask for and returns the exit code; an error that a user can mend
 * is printed as its one message, any other with its stack.
 *
 * @param args Without the program's own name, such as `["train", "out=runs/a"]`.
 */
export async function runProgram(
  args: readonly string[],
  context: CommandContext = processContext(),
  actions: Actions = {},
): Promise<ExitCode> {
  const program = buildProgram(context, actions);
  try {
    await program.parseAsync([...args], { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed what there is to say, be it the help or an error.
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    printError(error, context, program.opts().debug === true);
    const isUsage = error instanceof ConfigError || error instanceof UsageError;
    return isUsage ? EXIT.usage : EXIT.failed;
  }
}

/** Builds the command line program; it throws a CommanderError instead of ending the process. */
export function buildProgram(
  context: CommandContext = processContext(),
  actions: Actions = {},
): Command<[], { debug?: true }> {
  const { out, err } = context;
  const program = new Command(PROGRAM)
    .description("Train DINOv2 vision transformers on any GPU, with Deno and WebGPU")
    .version(`denodino ${VERSION}`, "-V, --version", "print the version")
    .option("--debug", "show where errors come from")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, styleTitle: out.style.heading })
    .configureOutput({
      writeOut: out.write,
      writeErr: err.write,
      outputError: (text, write) => write(usageText(text, err.style.error("Error:"))),
      getOutHasColors: () => out.style.color,
      getErrHasColors: () => err.style.color,
    })
    .showHelpAfterError(`(write --help for how to call it)`)
    .addHelpText("after", PROGRAM_HELP);
  const plain = program as unknown as Command;
  addTrain(plain, context, actions.train);
  addResume(plain, context, actions.train);
  addPlan(plain, context, actions.plan);
  addPreview(plain, context, actions.preview);
  addCheckData(plain, context, actions.checkData);
  addEmbed(plain, context, actions.embed);
  const evaluations = addEval(plain);
  addEvalKnn(evaluations, context, actions.evalKnn);
  addEvalLinear(evaluations, context, actions.evalLinear);
  addEvalLogreg(evaluations, context, actions.evalLogreg);
  addVisualize(plain, context, actions.visualize);
  addExport(plain, context, actions.export);
  addConfig(plain, context);
  addListModels(plain, context);
  addListMethods(plain, context);
  addDoctor(plain, context, actions.doctor);
  const benches = addBench(plain, context, actions.bench);
  addBenchStep(benches, context, actions.benchStep);
  addGolden(plain, context, actions.golden);
  addCompletions(plain, context);
  return program;
}

/** An error of the command line itself; settings written as options are told how to be written. */
function usageText(text: string, mark: string): string {
  const message = text.replace(/^error:/, mark);
  const [, option] = /unknown option '--([^'=]+)/.exec(text) ?? [];
  if (option === undefined || text.includes("Did you mean")) return message;
  const settings = schemaFields(TrainConfig).map(({ path }) => path);
  const setting = nearestName(option.replaceAll("-", "_"), settings);
  return setting === undefined
    ? message
    : `${message.trimEnd()}\n(Settings are written without dashes: ${setting}=...)\n`;
}

function printError(error: unknown, { err }: CommandContext, debug: boolean): void {
  const mark = err.style.error("Error:");
  if (!(error instanceof Error)) return print(err, `${mark} ${error}`);
  if (debug || !isMendable(error)) return print(err, error.stack ?? `${mark} ${error.message}`);
  print(err, `${mark} ${error.message}`);
}

/** Whether the message says all that a user needs: of any other error we want to see the stack. */
function isMendable(error: Error): boolean {
  const kinds = [ConfigError, UsageError, DataError, CheckpointError, GpuError, TrainingError];
  const system = "code" in error; // a file or a device said no: the message names it
  return system || kinds.some((kind) => error instanceof kind);
}

const PROGRAM_HELP = `${
  examples(
    "doctor",
    "train out=out/first data=my_images model=dinov2/vits14-notpretrained",
    "train --help",
  )
}

Exit codes: 0 done; 1 failed, or found something wrong; 2 asked for what cannot be run;
130 ended by Ctrl-C.`;
