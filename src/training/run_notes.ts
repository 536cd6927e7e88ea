import type { TrainConfig } from "../config/train_config.ts";
import { writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import type { ImageSet } from "../images/image_set.ts";
import { type KnownVariants, writeVariants } from "../tuning/variants_file.ts";
import { changedSettings } from "./changed_settings.ts";
import type { RunObserver } from "./observer.ts";
import { previewOf } from "./preview.ts";
import { settingsIn } from "./resume.ts";
import { exists, type RunFolder } from "./run_folder.ts";

/** Writes the settings down, and tells which of them a resumed run had otherwise. */
export async function noteSettings(config: TrainConfig, folder: RunFolder, observer: RunObserver) {
  if (config.resume_interrupted) {
    const changed = changedSettings(await settingsIn(folder) ?? config, config);
    if (changed.length > 0) {
      observer.onMessage?.(`other settings than before: ${changed.join("; ")}`);
    }
  }
  await writeWhole(folder.config, JSON.stringify(config, null, 2) + "\n")
    .catch((error) => Promise.reject(writeRefused(folder.config, error)));
}

/** Writes down which variants of kernels the run takes, for when it is resumed. */
export async function noteVariants(
  variants: KnownVariants,
  folder: RunFolder,
  adapter: AdapterFacts,
) {
  if (Object.keys(variants).length === 0) return; // nothing to choose: nothing to settle
  await writeVariants(folder.variants, adapter, variants)
    .catch((error) => Promise.reject(writeRefused(folder.variants, error)));
}

/** Leaves a picture of the first batch; no reason to end a run that can train without it. */
export async function showFirstBatch(
  config: TrainConfig,
  images: ImageSet,
  { augmentations }: RunFolder,
  observer: RunObserver,
) {
  if (config.resume_interrupted && await exists(augmentations)) return;
  try {
    await writeWhole(augmentations, (await previewOf(config, images)).png);
  } catch (error) {
    observer.onMessage?.(`cannot write ${augmentations}: ${(error as Error).message}`);
  }
}
