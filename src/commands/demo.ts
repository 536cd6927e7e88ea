// A first run in two minutes on two CPU cores: makes a small image set, trains a small ViT on it,
// and shows the losses falling. Run as a script by `deno task demo`.
import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { train as trainCommand } from "./train.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import type { TrainOptions } from "../config/train_config.ts";
import { drawNeighbours } from "../eval/draw_neighbours.ts";
import { contactSheet } from "../report/contact_sheet.ts";
import { decodeImage } from "../images/decode.ts";
import { findImages } from "../images/find_images.ts";
import { readImageBytes } from "../images/image_set.ts";
import { readMetrics } from "../training/metrics_file.ts";
import { lossChart } from "./loss_chart.ts";
import { writeTextureSet } from "../demo/texture_set.ts";
import { TEXTURE_CLASSES } from "../demo/textures.ts";

const IMAGES = 1000;
const FOLDER = "out/demo";
const DATA = `${FOLDER}/images`;
const SHEET = `${FOLDER}/images.png`;
const RUN = `${FOLDER}/run`;
const NEIGHBOURS = `${FOLDER}/neighbours.png`;
const SHEET_ROWS = 4;

/**
 * Small enough for two cores; the method is the same as for a ViT-S on a GPU. The views are more
 * like the reference's than the preset's: textures are told by less of an image than things are,
 * and not by their colors.
 */
const SETTINGS: TrainOptions = {
  out: RUN,
  data: DATA,
  model: "dinov2/vittest",
  preset: "small",
  steps: 480,
  batch_size: 32,
  overwrite: true,
  log_every_num_steps: 20,
  transform_args: {
    image_size: [32, 32],
    random_resize: { min_scale: 0.32 },
    color_jitter: { strength: 0.5 },
    random_gray_scale: 0.2,
    local_view: { view_size: [16, 16], random_resize: { min_scale: 0.1, max_scale: 0.4 } },
  },
  callbacks: { knn: { train: DATA, every_n_train_steps: 120, framing: "squash", max_images: 500 } },
};

async function demo(): Promise<void> {
  if (!existsSync(DATA)) await makeImages();
  console.log(`ten textures, ${IMAGES} images: have a look at ${SHEET}`);
  const config = resolveConfig(SETTINGS);
  await trainCommand(config);
  const rows = readMetrics(`${config.out}/metrics.jsonl`);
  const losses = ["train_loss", "dino_global_loss", "dino_local_loss", "ibot_loss", "koleo_loss"];
  for (const name of losses) {
    const key = name === "train_loss" ? name : `train_loss/${name}`;
    console.log(lossChart(name, rows.map((row) => row[key])));
  }
  const accuracies = rows.map(({ knn_top1 }) => knn_top1).filter((each) => each !== undefined);
  console.log(lossChart("knn_top1", accuracies));
  await drawNeighbours({
    checkpoint: RUN,
    data: DATA,
    out: NEIGHBOURS,
    framing: "squash",
    images: TEXTURE_CLASSES.length, // one of each
    overwrite: true,
  });
  console.log(`whom the model takes for alike: ${NEIGHBOURS}`);
}

/** Writes the image set, and a sheet with some images of each class, a column each. */
async function makeImages(): Promise<void> {
  console.log(`making ${IMAGES} images in ${DATA}`);
  const part = `${DATA}.part`;
  await rm(part, { recursive: true, force: true });
  await writeTextureSet(part, { images: IMAGES });
  const images = await findImages(part);
  const perClass = IMAGES / TEXTURE_CLASSES.length;
  const shown = Array.from({ length: SHEET_ROWS * TEXTURE_CLASSES.length }, (_, cell) => {
    const row = Math.floor(cell / TEXTURE_CLASSES.length);
    return images.location((cell % TEXTURE_CLASSES.length) * perClass + row);
  });
  const decoded = shown.map(async (at) => decodeImage(await readImageBytes(at)));
  await writeFile(SHEET, contactSheet(await Promise.all(decoded), TEXTURE_CLASSES.length));
  await rename(part, DATA); // a set cut short is never taken for a whole one
}

if (import.meta.main) {
  try {
    await demo();
  } catch (error) {
    console.error(`Error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
