import { ACCELERATORS, KERNELS, PRECISIONS } from "../config/device_fields.ts";
import { type Command, Option } from "../deps/commander.ts";
import { replayGolden } from "../golden/golden.ts";
import { type CommandContext, examples, EXIT } from "./command_line.ts";

/** Adds `golden` to the program; `run` returns how many quantities were out of tolerance. */
export function addGolden(program: Command, context: CommandContext, run = replayGolden): void {
  program.command("golden")
    .description("replay recorded reference cases and compare every quantity")
    .argument("<folders...>", "folders with case.json and tensors.safetensors")
    .addOption(new Option("--accelerator <kind>", "adapter to use").choices(ACCELERATORS))
    .addOption(new Option("--kernels <family>", "variants of the kernels").choices(KERNELS))
    .addOption(new Option("--precision <format>", "number format").choices(PRECISIONS))
    .addHelpText("after", GOLDEN_HELP)
    .action(async (folders, options) => {
      if (await run(folders, options) > 0) context.exitCode = EXIT.failed;
    });
}

const GOLDEN_HELP = examples("golden tests/golden/tiny_softmax", "golden tests/golden/*/") +
  "\n\nExit code 1 if a quantity is out of its tolerance.";
