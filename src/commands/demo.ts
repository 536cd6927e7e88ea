// A first run in two minutes on two CPU cores: makes a small image set, trains a small ViT on it,
// and shows the losses falling. Run as a script by `deno task demo`.
import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { train as trainCommand } from "./train.ts";
import { resolveConfig } from "../config/resolve_config.ts";
import type { TrainOptions } from "../config/train_config.ts";
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
const SHEET_ROWS = 4;

/**
 * Small enough for two cores; the method is the same as for a ViT-S on a GPU. What differs from the
 * defaults is what a run of a few minutes needs: schedules as short as the run, a layer scale that
 * lets the blocks speak from the first step, a lower rate, a teacher that follows faster.
 */
const SETTINGS: TrainOptions = {
  out: `${FOLDER}/run`,
  data: DATA,
  model: "dinov2/vittest",
  steps: 320,
  batch_size: 32,
  overwrite: true,
  log_every_num_steps: 20,
  model_args: { init_values: 1 },
  optim_args: { lr: 0.001 },
  method_args: {
    hidden_dim: 256,
    dino_bottleneck_dim: 64,
    ibot_bottleneck_dim: 64,
    output_dim: 256,
    momentum_start: 0.98,
    momentum_end: 0.99,
    teacher_temp_end: 0.04,
    warmup_steps: 30,
    weight_decay_end: 0.04,
    student_freeze_last_layer_steps: 10,
  },
  transform_args: { image_size: [32, 32], local_view: { num_views: 4, view_size: [16, 16] } },
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
