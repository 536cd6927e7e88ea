import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TrainConfig } from "../config/train_config.ts";
import { ConfigError } from "../config/config_error.ts";
import { EVENT_FILE_PREFIX } from "../tensorboard/event_file.ts";
import { type CheckpointFile, readCheckpointName, toRemove } from "./kept_checkpoints.ts";
import type { FileLock } from "../files/file_lock.ts";
import { LOCK_NAME, lockRun, notWritable } from "./run_lock.ts";

/** What a run writes into its folder; anything else there is not ours. */
const OWN_ENTRIES = [
  "checkpoints",
  "exported_models",
  "metrics.jsonl",
  "train.log",
  "config.json",
  "variants.json",
  "augmentations.png",
  "failed_step.json",
  "profile",
];

/** The folder of a run: where its files are. Once opened it is locked until it is disposed. */
export class RunFolder implements Disposable {
  readonly checkpoints: string;
  readonly metrics: string;
  readonly trainLog: string;
  readonly config: string;
  /** Which variants of kernels the run takes. */
  readonly variants: string;
  readonly augmentations: string;
  readonly lastCheckpoint: string;
  readonly exportedLast: string;
  readonly exportedConfig: string;
  readonly failedStep: string;
  /** The folder of the profile that `profile` asks for. */
  readonly profile: string;
  #lock: FileLock | undefined;

  constructor(readonly path: string) {
    this.checkpoints = join(path, "checkpoints");
    this.metrics = join(path, "metrics.jsonl");
    this.trainLog = join(path, "train.log");
    this.config = join(path, "config.json");
    this.variants = join(path, "variants.json");
    this.augmentations = join(path, "augmentations.png");
    this.lastCheckpoint = join(this.checkpoints, "last.safetensors");
    this.failedStep = join(path, "failed_step.json");
    this.profile = join(path, "profile");
    this.exportedLast = join(path, "exported_models", "exported_last.safetensors");
    this.exportedConfig = join(path, "exported_models", "config.json");
  }

  /** Path of the checkpoint made after `step` optimizer steps, in the epoch counted from 0. */
  checkpoint(epoch: number, step: number): string {
    return join(this.checkpoints, `epoch=${epoch}-step=${step}.safetensors`);
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
    await makeFolder(this.path, this.checkpoints);
    await makeFolder(this.path, join(this.path, "exported_models"));
  }

  /** Keeps other runs out, before anything changes. @throws {ConfigError} If one is in. */
  async lock(): Promise<void> {
    this.#lock = await lockRun(this.path);
  }

  /** Removes files that a kill left half written. */
  async sweep(): Promise<void> {
    for (const folder of [this.path, this.checkpoints, join(this.path, "exported_models")]) {
      for (const name of await readdir(folder)) {
        if (/\.(safetensors|json|jsonl|png)\.tmp$/.test(name)) await rm(join(folder, name));
      }
    }
  }

  /** The checkpoints that steps are named in, oldest first. */
  async savedCheckpoints(): Promise<CheckpointFile[]> {
    const names = await readdir(this.checkpoints).catch(() => []);
    return names.flatMap((name) => {
      const at = readCheckpointName(name);
      return at === undefined ? [] : [{ path: join(this.checkpoints, name), ...at }];
    }).sort((a, b) => a.step - b.step);
  }

  /** What a run may be resumed from, in the order to try: the last checkpoint, then the newest. */
  async resumable(): Promise<string[]> {
    const steps = (await this.savedCheckpoints()).map(({ path }) => path).reverse();
    return await exists(this.lastCheckpoint) ? [this.lastCheckpoint, ...steps] : steps;
  }

  /** Removes the checkpoints that need not be kept, once that of step `newest` is safe. */
  async prune(newest: number, policy: Parameters<typeof toRemove>[2]): Promise<void> {
    const removed = await toRemove(await this.savedCheckpoints(), newest, policy);
    for (const { path } of removed) await rm(path, { force: true });
  }

  [Symbol.dispose](): void {
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
  }
}

/**
 * Prepares the `out` folder of a run and locks it; whoever is given it disposes it.
 *
 * A new run wants a folder that is absent or empty; with `overwrite` one that an earlier run may be
 * {@linkcode RunFolder.clear cleared} from; `resume_interrupted` wants a checkpoint of one.
 *
 * @throws {ConfigError} If the folder is not what the settings say, or another run uses it.
 */
export async function openRunFolder(options: OpenOptions): Promise<RunFolder> {
  const folder = new RunFolder(options.out);
  if (await entriesOf(options.out) === undefined) {
    if (options.resume_interrupted) throw nothingToResume(options.out);
    await makeFolder(options.out, options.out);
  }
  await folder.lock();
  try {
    await checkEntries(folder, options);
    await folder.make();
    await folder.sweep();
    return folder;
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

type OpenOptions = Pick<TrainConfig, "out" | "overwrite" | "resume_interrupted">;

async function checkEntries(
  folder: RunFolder,
  { out, overwrite, resume_interrupted }: OpenOptions,
): Promise<void> {
  if (resume_interrupted) {
    if ((await folder.resumable()).length === 0) throw nothingToResume(out);
    return;
  }
  const entries = await withoutEmpty(out, await entriesOf(out) ?? []);
  if (overwrite || entries.length === 0) return;
  throw outError(
    `must be an empty folder, got "${out}" with ${entries.length} ` +
      `${entries.length === 1 ? "entry" : "entries"}; choose another, or write ` +
      "overwrite=true to replace the run there or resume_interrupted=true to go on with it",
  );
}

/** Leaves out the empty folders of a run that could not start. */
async function withoutEmpty(out: string, entries: string[]): Promise<string[]> {
  const empty = await Promise.all(
    entries.map(async (name) =>
      (name === "checkpoints" || name === "exported_models") &&
      (await entriesOf(join(out, name)))?.length === 0
    ),
  );
  return entries.filter((_, i) => !empty[i]);
}

function nothingToResume(out: string): ConfigError {
  return outError(
    `must hold a checkpoint to resume from, got "${out}" without one; leave out ` +
      "resume_interrupted to start a new run",
  );
}

/** Makes a folder of the run in `out`. */
async function makeFolder(out: string, path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw notWritable(out, (error as { code?: string }).code ?? (error as Error).message);
  }
}

/** Names in the folder, but for the lock; undefined if it does not exist. */
async function entriesOf(path: string): Promise<string[] | undefined> {
  try {
    return (await readdir(path)).filter((name) => name !== LOCK_NAME);
  } catch (error) {
    switch ((error as { code?: string }).code) {
      case "ENOENT":
        return undefined;
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
