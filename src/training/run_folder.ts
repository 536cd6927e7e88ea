import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TrainConfig } from "../config/train_config.ts";
import { ConfigError } from "../config/config_error.ts";
import { EVENT_FILE_PREFIX } from "../tensorboard/event_file.ts";

/** What a run writes into its folder; anything else there is not ours. */
const OWN_ENTRIES = [
  "checkpoints",
  "exported_models",
  "metrics.jsonl",
  "train.log",
  "config.json",
  "augmentations.png",
];

/** The folder of a run: where its files are. */
export class RunFolder {
  readonly metrics: string;
  readonly trainLog: string;
  readonly config: string;
  readonly augmentations: string;
  readonly lastCheckpoint: string;
  readonly exportedLast: string;
  readonly exportedConfig: string;

  constructor(readonly path: string) {
    this.metrics = join(path, "metrics.jsonl");
    this.trainLog = join(path, "train.log");
    this.config = join(path, "config.json");
    this.augmentations = join(path, "augmentations.png");
    this.lastCheckpoint = join(path, "checkpoints", "last.safetensors");
    this.exportedLast = join(path, "exported_models", "exported_last.safetensors");
    this.exportedConfig = join(path, "exported_models", "config.json");
  }

  /** Path of the checkpoint made after `step` optimizer steps, in the epoch counted from 0. */
  checkpoint(epoch: number, step: number): string {
    return join(this.path, "checkpoints", `epoch=${epoch}-step=${step}.safetensors`);
  }

  /** Removes what an earlier run left, and nothing else. */
  async clear(): Promise<void> {
    const events = (await readdir(this.path)).filter((name) => name.startsWith(EVENT_FILE_PREFIX));
    for (const entry of [...OWN_ENTRIES, ...events]) {
      await rm(join(this.path, entry), { recursive: true, force: true });
    }
    await this.make();
  }

  /** Makes the folders of a run. @throws {ConfigError} If they cannot be written. */
  async make(): Promise<void> {
    try {
      await mkdir(join(this.path, "checkpoints"), { recursive: true });
      await mkdir(join(this.path, "exported_models"), { recursive: true });
    } catch (error) {
      const { code } = error as { code?: string };
      const got = `got "${this.path}" (${code})`;
      throw outError(`must be a folder that can be written, ${got}; choose another`);
    }
  }

  /** Removes the checkpoints of earlier steps, whichever session wrote them. */
  async keepOnly(checkpoint: string): Promise<void> {
    const folder = join(this.path, "checkpoints");
    for (const name of await readdir(folder)) {
      const isStep = /^epoch=\d+-step=\d+\.safetensors$/.test(name);
      if (isStep && join(folder, name) !== checkpoint) await rm(join(folder, name));
    }
  }
}

/**
 * Prepares the `out` folder of a run.
 *
 * A new run wants a folder that is absent or empty; with `overwrite` one that an earlier run may be
 * {@linkcode RunFolder.clear cleared} from; `resume_interrupted` wants the last checkpoint of one.
 *
 * @throws {ConfigError} If the folder is not what the settings say.
 */
export async function openRunFolder(
  { out, overwrite, resume_interrupted }: Pick<
    TrainConfig,
    "out" | "overwrite" | "resume_interrupted"
  >,
): Promise<RunFolder> {
  const folder = new RunFolder(out);
  const entries = await entriesOf(out);
  if (resume_interrupted) {
    if (!await exists(folder.lastCheckpoint)) {
      throw outError(
        `must hold checkpoints/last.safetensors to resume from, got "${out}" without it; ` +
          "leave out resume_interrupted to start a new run",
      );
    }
  } else if (!overwrite && entries.length > 0) {
    throw outError(
      `must be an empty folder, got "${out}" with ${entries.length} ` +
        `${entries.length === 1 ? "entry" : "entries"}; choose another, or write ` +
        "overwrite=true to replace the run there or resume_interrupted=true to go on with it",
    );
  }
  await folder.make();
  return folder;
}

/** Names in the folder; none if it does not exist. */
async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    switch ((error as { code?: string }).code) {
      case "ENOENT":
        return [];
      case "ENOTDIR":
        throw outError(`must be a folder, got the file "${path}"; choose another`);
      default:
        throw outError(`must be a folder that can be read, got "${path}"`);
    }
  }
}

/** Whether there is a file of this name. */
export async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false; // absent, or its folder is
  }
}

function outError(message: string) {
  return new ConfigError([{ key: "out", message }]);
}
