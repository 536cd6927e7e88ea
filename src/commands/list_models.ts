import { type ListedModel, listModels } from "../config/list_models.ts";
import type { Command } from "../deps/commander.ts";
import { type CommandContext, examples, printFound } from "./command_line.ts";

/** Adds `list_models` to the program. */
export function addListModels(program: Command, context: CommandContext): void {
  program.command("list_models")
    .alias("list-models")
    .description("list the models that can be trained")
    .option("--json", "print the list as JSON")
    .addHelpText("after", examples("list_models", "list_models --json"))
    .action(({ json }) => printFound(context, listModels(), json, describeModels));
}

/** Models as lines of a table. */
export function describeModels(models: readonly ListedModel[]): string {
  const rows = models.map((model) => [
    model.name,
    `${(model.parameters / 1e6).toFixed(1)} M`,
    `${model.embedDim}`,
    `${model.depth}`,
    `${model.numHeads}`,
    `${model.patchSize}`,
    `${model.numRegisterTokens}`,
    model.pretrained ? "pretrained" : "random",
  ]);
  const head = ["model", "parameters", "width", "blocks", "heads", "patch", "registers", "weights"];
  const table = [head, ...rows];
  const width = Math.max(...table.map(([name]) => name.length));
  return table.map(([name, ...cells]) =>
    name.padEnd(width) + cells.map((cell) => cell.padStart(11)).join("")
  ).join("\n");
}
