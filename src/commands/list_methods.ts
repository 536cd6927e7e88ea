import { listMethods } from "../config/list_models.ts";
import type { Command } from "../deps/commander.ts";
import { type CommandContext, examples, printFound } from "./command_line.ts";

/** Adds `list_methods` to the program. */
export function addListMethods(program: Command, context: CommandContext): void {
  program.command("list_methods")
    .alias("list-methods")
    .description("list the training methods")
    .option("--json", "print the list as JSON")
    .addHelpText("after", examples("list_methods", "list_methods --json"))
    .action(({ json }) => printFound(context, listMethods(), json, (names) => names.join("\n")));
}
