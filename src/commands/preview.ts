import type { TrainConfig } from "../config/train_config.ts";
import type { Command } from "../deps/commander.ts";
import { writePicture } from "../eval/picture_file.ts";
import { refuseToReplace } from "../eval/refuse_to_replace.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageProblem } from "../images/image_set.ts";
import { previewOf } from "../training/preview.ts";
import { toleratedProblems } from "../training/run_data.ts";
import { readPreviewArguments } from "./arguments.ts";
import { type CommandContext, examples, printFound, printSkipped } from "./command_line.ts";

/** What `preview` wrote. */
export interface PreviewReport {
  /** The picture. */
  out: string;
  /** Images it shows, of as many in the batch. */
  images: number;
  batchSize: number;
  /** Views of each image. */
  views: number;
  /** Shards that are not used as a whole, and unreadable images that others stand in for. */
  skipped: ImageProblem[];
}

/** Adds `preview` to the program; `run` is what it does. */
export function addPreview(program: Command, context: CommandContext, run = preview): void {
  program.command("preview")
    .description("draw the first batch as the network sees it: views and masks")
    .argument("[settings...]", "settings as key=value; all but out and data may be left out")
    .option("--json", "print as JSON what was written")
    .addHelpText("after", PREVIEW_HELP)
    .action(async (args, { json }) => {
      const report = await run(await readPreviewArguments(args));
      printSkipped(context, report.skipped);
      printFound(context, report, json, describePreview);
    });
}

const PREVIEW_HELP = examples(
  "preview data=my_images out=preview.png",
  "preview data=my_images out=preview.png overwrite=true seed=1 \\\n" +
    "    model=dinov2/vitl16 transform_args.random_resize.min_scale=0.5",
);

/**
 * Draws the first batch that a run with these settings would train on, into the file `out`.
 *
 * @throws {ConfigError} If `out` exists and `overwrite` is not set.
 * @throws {DataError} If no image can be read; with `data_errors` "fail", if one or a shard cannot.
 */
export async function preview(config: TrainConfig): Promise<PreviewReport> {
  await refuseToReplace(config);
  const images = await findImages(config.data);
  const problems = toleratedProblems("preview", images, config);
  const { png, shown, batchSize, views, errors } = await previewOf(config, images);
  await writePicture(config.out, png);
  return { out: config.out, images: shown, batchSize, views, skipped: [...problems, ...errors] };
}

/** Where the picture is, and what it shows. */
export function describePreview({ out, images, batchSize, views }: PreviewReport): string {
  return `${out}\n${images} of the ${batchSize} images of the first batch, ${views} views of each, ` +
    "masks over the global ones";
}
