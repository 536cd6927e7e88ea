import { resolveConfig } from "../config/resolve_config.ts";
import { parseArguments } from "../config/parse_arguments.ts";
import type { Command } from "../deps/commander.ts";
import { type CommandContext, examples } from "./command_line.ts";

/** Adds `config` to the program. */
export function addConfig(program: Command, context: CommandContext): void {
  program.command("config")
    .description("print every setting as a run would have it, defaults included")
    .argument("[settings...]", "settings as key=value")
    .option("--json", "print it as JSON")
    .addHelpText("after", examples("config out=out/first data=my_images model=dinov2/vitti14"))
    .action((args) => {
      const config = resolveConfig(parseArguments(args));
      context.out.print(JSON.stringify(config, null, 2));
    });
}
