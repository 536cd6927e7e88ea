import type { Command } from "../deps/commander.ts";
import { drawNeighbours } from "../eval/draw_neighbours.ts";
import { drawPca, type PictureReport } from "../eval/draw_pca.ts";
import { NeighbourOptions, PcaOptions } from "../eval/eval_options.ts";
import { optionsHelp } from "./arguments.ts";
import { type CommandContext, examples, print, printFound } from "./command_line.ts";
import { evalProgress } from "./eval_progress.ts";
import { readOptions } from "./option_arguments.ts";

/** What `visualize` does, for tests. */
export interface VisualizeActions {
  pca: typeof drawPca;
  neighbours: typeof drawNeighbours;
}

/** Adds `visualize pca` and `visualize neighbours` to the program. */
export function addVisualize(
  program: Command,
  context: CommandContext,
  run: VisualizeActions = { pca: drawPca, neighbours: drawNeighbours },
): void {
  const group = program.command("visualize")
    .description("draw what a model sees in images")
    .addHelpText("after", examples("visualize pca --help", "visualize neighbours --help"));
  addPca(group, context, run.pca);
  addNeighbours(group, context, run.neighbours);
}

function addPca(group: Command, context: CommandContext, run: typeof drawPca): void {
  group.command("pca")
    .description("color the patches of images by the principal components of their tokens")
    .argument("[options...]", "options as key=value")
    .option("--json", "print as JSON what was written")
    .addHelpText("after", PCA_HELP)
    .addHelpText("after", () => optionsHelp(PcaOptions, OPTIONS_TITLE))
    .action(async (args, { json }) => {
      const options = readOptions(PcaOptions, args);
      const progress = evalProgress(context.err);
      const report = await run(options, progress).finally(progress.finish);
      tell(context, report, json);
    });
}

function addNeighbours(group: Command, context: CommandContext, run: typeof drawNeighbours) {
  group.command("neighbours")
    .description("draw images with those that a model finds most like them")
    .argument("[options...]", "options as key=value")
    .option("--json", "print as JSON what was written")
    .addHelpText("after", NEIGHBOURS_HELP)
    .addHelpText("after", () => optionsHelp(NeighbourOptions, OPTIONS_TITLE))
    .action(async (args, { json }) => {
      const options = readOptions(NeighbourOptions, args);
      const progress = evalProgress(context.err);
      const report = await run(options, progress).finally(progress.finish);
      tell(context, report, json);
    });
}

const OPTIONS_TITLE = "Options, written as key=value (default):";

const PCA_HELP = examples(
  "visualize pca checkpoint=out/first data=my_images out=pca.png",
  "visualize pca checkpoint=out/first data=a.jpg out=pca.png image_size=448 framing=squash",
) + "\n";

const NEIGHBOURS_HELP = examples(
  "visualize neighbours checkpoint=out/first data=my_images out=neighbours.png",
  "visualize neighbours checkpoint=out/first data=my_images queries=a.jpg out=a.png k=10",
) + "\n";

function tell(context: CommandContext, report: PictureReport, json: boolean | undefined): void {
  for (const { name, message } of report.skipped) {
    print(context.err, `${context.err.style.warning("skipped")} ${name}: ${message}`);
  }
  printFound(context, report, json, ({ out, images }) => `${out}\n${images} images`);
}
