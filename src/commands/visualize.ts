import type { Command } from "../deps/commander.ts";
import type { z } from "../deps/zod.ts";
import { drawAttention } from "../eval/draw_attention.ts";
import { drawNeighbours } from "../eval/draw_neighbours.ts";
import { drawPca } from "../eval/draw_pca.ts";
import type { EvalHooks } from "../eval/eval_hooks.ts";
import type { PictureReport } from "../eval/gallery_file.ts";
import { AttentionOptions, NeighbourOptions, PcaOptions } from "../eval/picture_options.ts";
import { type CommandContext, examples, printFound, printSkipped } from "./command_line.ts";
import { evalProgress } from "./eval_progress.ts";
import { describeOptions, readOptions } from "./option_arguments.ts";

/** What `visualize` does, for tests. */
export interface VisualizeActions {
  pca: typeof drawPca;
  attention: typeof drawAttention;
  neighbours: typeof drawNeighbours;
}

/** Adds `visualize pca`, `visualize attention` and `visualize neighbours` to the program. */
export function addVisualize(
  program: Command,
  context: CommandContext,
  run: VisualizeActions = { pca: drawPca, attention: drawAttention, neighbours: drawNeighbours },
): void {
  const group = program.command("visualize")
    .description("draw what a model sees in images, as a picture or as a page")
    .addHelpText("after", examples("visualize pca --help", "visualize attention --help"));
  addDrawing(group, context, {
    name: "pca",
    description: "color the patches of images by the principal components of their tokens",
    schema: PcaOptions,
    examples: [
      "visualize pca checkpoint=out/first data=my_images out=pca.png",
      "visualize pca checkpoint=out/first data=a.jpg out=pca.html image_size=448 framing=squash",
    ],
    run: run.pca,
  });
  addDrawing(group, context, {
    name: "attention",
    description: "draw what the class token attends to in images, head by head",
    schema: AttentionOptions,
    examples: [
      "visualize attention checkpoint=out/first data=my_images out=attention.html",
      "visualize attention checkpoint=dinov2/vits14 data=a.jpg out=a.png image_size=518 block=8",
    ],
    run: run.attention,
  });
  addDrawing(group, context, {
    name: "neighbours",
    description: "draw images with those that a model finds most like them",
    schema: NeighbourOptions,
    examples: [
      "visualize neighbours checkpoint=out/first data=my_images out=neighbours.html",
      "visualize neighbours checkpoint=out/first data=my_images queries=a.jpg out=a.png k=10",
    ],
    run: run.neighbours,
  });
}

/** One kind of drawing. */
interface Drawing<Schema extends z.ZodObject> {
  name: string;
  description: string;
  schema: Schema;
  /** Command lines without the program. */
  examples: [string, string];
  run: (options: z.output<Schema>, hooks: EvalHooks) => Promise<PictureReport>;
}

function addDrawing<Schema extends z.ZodObject>(
  group: Command,
  context: CommandContext,
  { name, description, schema, examples: lines, run }: Drawing<Schema>,
): void {
  const command = group.command(name)
    .description(description)
    .argument("[options...]", "options as key=value")
    .option("--json", "print as JSON what was written")
    .addHelpText("after", examples(...lines) + "\n")
    .action(async (args, { json }) => {
      const options = readOptions(schema, args);
      const progress = evalProgress(context.err);
      const report = await run(options, progress).finally(progress.finish);
      tell(context, report, json);
    });
  describeOptions(command, schema);
}

function tell(context: CommandContext, report: PictureReport, json: boolean | undefined): void {
  printSkipped(context, report.skipped);
  printFound(context, report, json, ({ out, images }) => `${out}\n${images} images`);
}
