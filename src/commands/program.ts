import type { TrainConfig } from "../config/train_config.ts";
import { ConfigError } from "../config/config_error.ts";
import { DataError } from "../images/errors.ts";
import { Command, CommanderError } from "../deps/commander.ts";
import { GpuError } from "../gpu/errors.ts";
import { CheckpointError } from "../safetensors.ts";
import { TrainingError } from "../training/metrics.ts";
import {
  readDataArguments,
  readPlanArguments,
  readPreviewArguments,
  readTrainArguments,
  settingsHelp,
} from "./arguments.ts";

/** What the commands do; each is given checked arguments. */
export interface Actions {
  /** Returns whether the run came to its end; false if Ctrl-C ended it early. */
  train(config: TrainConfig): Promise<boolean>;
  plan(config: TrainConfig): Promise<void>;
  /** Draws the first batch into the file `out`. */
  preview(config: TrainConfig): Promise<void>;
  /** Returns whether the data can be trained on; an unreadable image is for `data_errors` to say. */
  checkData(config: TrainConfig, options: { json?: boolean }): Promise<boolean>;
  /** Replays the cases in these folders; returns how many quantities failed. */
  golden(folders: string[]): Promise<number>;
}

/** Where the program's own words go. */
export interface ProgramOutput {
  out: (text: string) => void;
  err: (text: string) => void;
}

const CONSOLE: ProgramOutput = {
  out: (text) => console.log(text.replace(/\n$/, "")),
  err: (text) => console.error(text.replace(/\n$/, "")),
};

/** Exit codes: done; failed while running; asked for what cannot be run; ended by Ctrl-C. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs the command that `args` ask for and returns the exit code; an error that a user can mend
 * is printed as its one message, any other with its stack.
 *
 * @param args Without the program's own name, such as `["train", "out=runs/a"]`.
 */
export async function runProgram(
  actions: Actions,
  args: readonly string[],
  output: ProgramOutput = CONSOLE,
): Promise<number> {
  let [failures, finished, usable] = [0, true, true];
  const golden = async (folders: string[]) => failures = await actions.golden(folders);
  const train = async (config: TrainConfig) => finished = await actions.train(config);
  const checkData: Actions["checkData"] = async (config, options) =>
    usable = await actions.checkData(config, options);
  try {
    const program = buildProgram({ ...actions, train, golden, checkData }, output);
    await program.parseAsync([...args], { from: "user" });
    if (!finished) return EXIT.interrupted;
    return failures > 0 || !usable ? EXIT.failed : EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed what there is to say, be it the help or an error.
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    }
    output.err(describeError(error));
    return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
  }
}

/** Builds the command line program; it throws a CommanderError instead of ending the process. */
export function buildProgram(actions: Actions, output: ProgramOutput = CONSOLE): Command {
  const program = new Command("deno run -A cli.ts")
    .description("Train DINOv2 vision transformers on any GPU, with Deno and WebGPU")
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .showHelpAfterError("(write --help for how to call it)")
    .addHelpText("after", PROGRAM_EXAMPLES);

  program.command("train")
    .description("train a model on a folder of images")
    .argument("[settings...]", "settings as key=value")
    .addHelpText("after", () => `${TRAIN_EXAMPLES}\n\n${settingsHelp()}`)
    .action(async (args) => {
      await actions.train(await readTrainArguments(args));
    });

  program.command("plan")
    .description("print the work and the memory of a training step, without doing it")
    .argument("[settings...]", "settings as key=value; out and data may be left out")
    .addHelpText("after", PLAN_EXAMPLES)
    .action(async (args) => await actions.plan(await readPlanArguments(args)));

  program.command("preview")
    .description("draw the first batch as the network sees it: views and masks")
    .argument("[settings...]", "settings as key=value; all but out and data may be left out")
    .addHelpText("after", PREVIEW_EXAMPLES)
    .action(async (args) => await actions.preview(await readPreviewArguments(args)));

  program.command("check-data")
    .description("read every image and report sizes, formats, unreadable files and duplicates")
    .argument("[settings...]", "settings as key=value; all but data may be left out")
    .option("--json", "print the whole report as JSON")
    .addHelpText("after", CHECK_DATA_EXAMPLES)
    .action(async (args, options) => {
      await actions.checkData(await readDataArguments(args), options);
    });

  program.command("golden")
    .description("replay recorded reference cases and compare every quantity")
    .argument("<folders...>", "folders with case.json and tensors.safetensors")
    .addHelpText("after", GOLDEN_EXAMPLES)
    .action(async (folders) => {
      await actions.golden(folders);
    });
  return program as unknown as Command;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `Error: ${error}`;
  const userErrors = [ConfigError, DataError, CheckpointError, GpuError, TrainingError];
  const system = "code" in error; // a file or a device said no: the message names it
  const mendable = system || userErrors.some((kind) => error instanceof kind);
  return mendable ? `Error: ${error.message}` : error.stack ?? `Error: ${error.message}`;
}

const PROGRAM_EXAMPLES = `
Examples:
  deno run -A cli.ts train out=runs/first data=my_images model=dinov2/vits14-notpretrained
  deno run -A cli.ts plan model=dinov2/vitg14-notpretrained batch_size=32
  deno run -A cli.ts train --help`;

const TRAIN_EXAMPLES = `
Examples:
  deno run -A cli.ts train out=runs/first data=my_images model=dinov2/vits14-notpretrained
  deno run -A cli.ts train out=runs/small data=my_images model=dinov2/vitti14 epochs=50 \\
    batch_size=64 method_args.output_dim=4096 transform_args.local_view.num_views=4
  deno run -A cli.ts train out=runs/first data=my_images model=dinov2/vits14-notpretrained \\
    resume_interrupted=true`;

const PLAN_EXAMPLES = `
Examples:
  deno run -A cli.ts plan model=dinov2/vits14-notpretrained batch_size=64
  deno run -A cli.ts plan model=dinov2/vitg14-notpretrained batch_size=32`;

const PREVIEW_EXAMPLES = `
Examples:
  deno run -A cli.ts preview data=my_images out=preview.png
  deno run -A cli.ts preview data=my_images out=preview.png overwrite=true seed=1 \\
    model=dinov2/vitl16 transform_args.random_resize.min_scale=0.5`;

const CHECK_DATA_EXAMPLES = `
Examples:
  deno run -A cli.ts check-data data=my_images
  deno run -A cli.ts check-data 'data=["my_images","more/a.jpg"]' --json
  deno run -A cli.ts check-data data=my_images data_errors=fail   # exit code 1 if any is unreadable`;

const GOLDEN_EXAMPLES = `
Examples:
  deno run -A cli.ts golden tests/golden/tiny_softmax
  deno run -A cli.ts golden tests/golden/*/`;
