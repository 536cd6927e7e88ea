import { MODEL_NAMES, resolveModel } from "../config/model_presets.ts";
import type { Command } from "../deps/commander.ts";
import { type CommandContext, examples, printFound } from "./command_line.ts";

/** A model that can be trained. */
export interface ListedModel {
  name: string;
  embedDim: number;
  depth: number;
  numHeads: number;
  patchSize: number;
  numRegisterTokens: number;
}

/** Adds `list_models` to the program. */
export function addListModels(program: Command, context: CommandContext): void {
  program.command("list_models")
    .alias("list-models")
    .description("list the models that can be trained")
    .option("--json", "print the list as JSON")
    .addHelpText("after", examples("list_models", "list_models --json"))
    .action(({ json }) => printFound(context, listedModels(), json, describeModels));
}

/** Every model, with what tells it from the others. */
export function listedModels(): ListedModel[] {
  return MODEL_NAMES.map((name) => {
    const { embedDim, depth, numHeads, patchSize, numRegisterTokens } = resolveModel(name);
    return { name, embedDim, depth, numHeads, patchSize, numRegisterTokens };
  });
}

/** Models as lines of a table. */
export function describeModels(models: readonly ListedModel[]): string {
  const rows = models.map((model) => [
    model.name,
    `${model.embedDim}`,
    `${model.depth}`,
    `${model.numHeads}`,
    `${model.patchSize}`,
    `${model.numRegisterTokens}`,
  ]);
  const table = [["model", "width", "blocks", "heads", "patch", "registers"], ...rows];
  const width = Math.max(...table.map(([name]) => name.length));
  return table.map(([name, ...cells]) =>
    name.padEnd(width) + cells.map((cell) => cell.padStart(10)).join("")
  ).join("\n");
}
