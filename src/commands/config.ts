import { writeFile } from "node:fs/promises";
import { resolvedText } from "../config/resolved_text.ts";
import { type ConfigFormat, starterFile } from "../config/starter_file.ts";
import { type Command, Option } from "../deps/commander.ts";
import { readTrainArguments } from "./arguments.ts";
import { type CommandContext, examples, print, UsageError } from "./command_line.ts";

const FORMATS = ["yaml", "toml", "jsonc"] as const satisfies readonly ConfigFormat[];

/** Adds `config` to the program. */
export function addConfig(program: Command, context: CommandContext): void {
  program.command("config")
    .description("print all settings of a run, defaults included; or a file to start from")
    .argument("[settings...]", "settings as key=value, config=run.yaml among them")
    .addOption(new Option("--format <format>", "of what is printed").choices(FORMATS))
    .option("--json", "print it as JSON")
    .addOption(
      new Option("--starter <format>", "write all settings with their meaning, commented out")
        .choices(FORMATS),
    )
    .option("--out <file>", "write to a new file instead of printing")
    .addHelpText("after", CONFIG_HELP)
    .action(async (args, { format, json, starter, out }) => {
      if (starter !== undefined && args.length > 0) {
        throw new UsageError(
          `Cannot write a starter file: it must be asked for without settings, got ${args[0]}; ` +
            "leave out one of the two",
        );
      }
      const text = starter === undefined
        ? await resolvedText(await readTrainArguments(args), json ? "jsonc" : format ?? "yaml")
        : starterFile(starter);
      if (out === undefined) return print(context.out, text.trimEnd());
      await writeNew(out, text);
      print(context.out, out);
    });
}

const CONFIG_HELP = examples(
  "config out=out/first data=my_images model=dinov2/vitti14",
  "config config=run.yaml batch_size=64 --format toml --out out/run.toml",
  "config --starter yaml --out run.yaml",
) + "\n\nWhat it writes is what train reads: train config=run.yaml";

/** Never in the place of a file that somebody may have written by hand. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
    throw new UsageError(`Cannot write ${path}: it must be a new file, got one; name another`);
  }
}
