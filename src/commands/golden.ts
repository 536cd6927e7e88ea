import { ACCELERATORS, KERNELS, PRECISIONS } from "../config/device_fields.ts";
import { type Command, Option } from "../deps/commander.ts";
import { replayGolden } from "../golden/golden.ts";
import { type CommandContext, examples, EXIT } from "./command_line.ts";

/** Places among variants; where a kernel has fewer, the last one is taken. */
const VARIANTS = ["0", "1", "2", "3", "4", "5", "6", "7"] as const;

/** Adds `golden` to the program; `run` returns how many quantities were out of tolerance. */
export function addGolden(program: Command, context: CommandContext, run = replayGolden): void {
  program.command("golden")
    .description("replay recorded reference cases and compare every quantity")
    .argument("<folders...>", "folders with case.json and tensors.safetensors")
    .addOption(new Option("--accelerator <kind>", "adapter to use").choices(ACCELERATORS))
    .addOption(new Option("--kernels <family>", "variants of the kernels").choices(KERNELS))
    .addOption(
      new Option("--variant <place>", "which one where there are several, 0 as built in")
        .choices(VARIANTS),
    )
    .addOption(new Option("--precision <format>", "number format").choices(PRECISIONS))
    .addHelpText("after", GOLDEN_HELP)
    .action(async (folders, { variant, ...options }) => {
      const place = variant === undefined ? undefined : Number(variant);
      if (await run(folders, { ...options, variant: place }) > 0) context.exitCode = EXIT.failed;
    });
}

const GOLDEN_HELP = examples("golden tests/golden/tiny_softmax", "golden tests/golden/*/") +
  "\n\nExit code 1 if a quantity is out of its tolerance.";
