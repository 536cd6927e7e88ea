import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "../config/config_error.ts";
import type { TrainConfig } from "../config/train_config.ts";
import { DataError } from "../images/errors.ts";
import { findImages } from "../images/find_images.ts";
import type { ImageSet } from "../images/image_set.ts";
import { type Preview, previewOf } from "../training/preview.ts";

/**
 * Draws the first batch that a run with these settings would train on, into the file `out`.
 *
 * @throws {ConfigError} If `out` exists and `overwrite` is not set.
 * @throws {DataError} If no image can be read; with `data_errors` "fail", if one or a shard cannot.
 */
export async function preview(config: TrainConfig): Promise<void> {
  await refuseToReplace(config);
  const images = await findImages(config.data);
  noteProblems(images, config);
  const shown = await previewOf(config, images);
  for (const { name, message } of shown.errors) console.error(`skipped ${name}: ${message}`);
  await mkdir(dirname(config.out), { recursive: true });
  await writeFile(config.out, shown.png);
  console.log(describePreview(config, shown));
}

/** Tells of shards and folders that are not used as a whole, or ends there, as a run would. */
function noteProblems({ problems }: ImageSet, { data_errors }: TrainConfig): void {
  for (const { name, message } of problems) {
    if (data_errors === "fail") {
      throw new DataError(
        `Cannot preview: every shard and folder must be readable, got ${name}: ${message}; or set ` +
          `data_errors=skip to do without`,
      );
    }
    console.error(`${name}: ${message}`);
  }
}

/** Asked before any image is read. */
async function refuseToReplace({ out, overwrite }: TrainConfig): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined || (overwrite && found.isFile())) return;
  const message = found.isFile()
    ? `must be a new file, got "${out}", which exists; choose another, or write overwrite=true`
    : `must be a file, got the folder "${out}"; choose another`;
  throw new ConfigError([{ key: "out", message }]);
}

/** Where the picture is, and what it shows. */
function describePreview({ out }: TrainConfig, { shown, batchSize, views }: Preview): string {
  return `${out}\n${shown} of the ${batchSize} images of the first batch, ${views} views of each, ` +
    "masks over the global ones";
}
