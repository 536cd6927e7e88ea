import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CheckpointError } from "../safetensors.ts";
import {
  processSurroundings,
  type Surroundings,
  torchHubCache,
  weightsCache,
} from "../files/cache_folders.ts";
import { download, DownloadFault, type DownloadHooks } from "./download.ts";
import { fileFault } from "./file_fault.ts";
import { PartFile } from "./part_file.ts";
import { PUBLISHED_BASE, type PublishedWeights } from "./published.ts";

/** How published weights are found, who follows, and what ends it. */
export interface FindOptions extends DownloadHooks {
  /** A file that is taken in place of all others, whatever is in it. */
  file?: string | null;
  /** Something worth a line: what is downloaded, what is there and not used. */
  onMessage?: (message: string) => void;
  /** Where the files are published. */
  base?: string;
  /** What decides over the cache folder; that of this process if left out. */
  surroundings?: Surroundings;
}

/** Milliseconds between two looks at another process's download. */
const WAIT_MS = 200;

/**
 * Finds published weights on this machine, or downloads them: the file that is named, the cache
 * folder, PyTorch's, the network.
 *
 * @example
 * ```ts
 * import { findPretrained } from "./pretrained.ts";
 * import { publishedWeights } from "./published.ts";
 *
 * async function small() {
 *   const onProgress = (done: number, total: number) => console.log(done / total);
 *   return await findPretrained(publishedWeights("dinov2/vits14")!, { onProgress });
 * }
 * ```
 *
 * @returns The path; undefined if the signal ended it.
 * @throws {CheckpointError} If they cannot be had; says which file to get from where.
 */
export async function findPretrained(
  weights: PublishedWeights,
  options: FindOptions = {},
): Promise<string | undefined> {
  const { file, base = PUBLISHED_BASE, surroundings = processSurroundings() } = options;
  if (typeof file === "string") return file;
  const cache = weightsCache(surroundings);
  const url = `${base}/${weights.path}`;
  for (const folder of [cache, torchHubCache(surroundings)]) {
    const path = join(folder, weights.file);
    if (await isGood(path, weights, options)) return path;
  }
  try {
    if (surroundings.env("DENODINO_OFFLINE") === "1") {
      throw new DownloadFault("a download must be allowed, got DENODINO_OFFLINE=1");
    }
    const path = join(cache, weights.file);
    return await fetched(url, path, weights, options) ? path : undefined;
  } catch (error) {
    const { message } = error as Error;
    const fault = error instanceof DownloadFault
      ? message
      : `the cache folder must be one that can be written, got "${message}"`;
    throw new CheckpointError(
      `Cannot get the weights of ${weights.model} from ${url}: ${fault}; try again, or put the ` +
        `file into "${cache}", or name a copy, in training with weights=FILE; random weights are ` +
        `model=${randomName(weights.model)}`,
      { cause: error },
    );
  }
}

/** Whether a file is there and is what it should be; says why one that is there is not used. */
async function isGood(
  path: string,
  weights: PublishedWeights,
  { onMessage }: FindOptions,
): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    const fault = await fileFault(path, weights);
    if (fault === undefined) return true;
    onMessage?.(`"${path}" is not used: ${fault}`);
  } catch (error) {
    const isAbsent = ["ENOENT", "ENOTDIR"].includes((error as { code?: string }).code ?? "");
    if (!isAbsent) onMessage?.(`"${path}" is not used: ${(error as Error).message}`);
  }
  return false;
}

/** Downloads the file, or waits for the process that does. @returns False if it was stopped. */
async function fetched(
  url: string,
  path: string,
  weights: PublishedWeights,
  options: FindOptions,
): Promise<boolean> {
  const { onMessage, signal } = options;
  await mkdir(join(path, ".."), { recursive: true });
  for (let waited = 0; !signal?.aborted; waited++) {
    using part = await PartFile.take(path);
    // Another process may have been quicker, before we had the part.
    if (part !== undefined && await isGood(path, weights, {})) {
      await part.discard();
      return true;
    }
    if (part !== undefined) {
      const bytes = await part.size();
      const rest = bytes > 0 ? `, going on from ${bytes}` : "";
      onMessage?.(`downloading ${url}, ${weights.sizeBytes} bytes${rest}, to "${path}"`);
      return await download(url, part, weights, options);
    }
    if (waited === 0) onMessage?.(`waiting for another process that downloads "${path}"`);
    await setTimeout(WAIT_MS);
  }
  return false;
}

/** The model of the same shape that starts from random weights. */
function randomName(model: string): string {
  return `${model.replace(/[-_]pretrained(?=[-_]|$)/, "")}-notpretrained`;
}
