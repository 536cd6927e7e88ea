import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { expandBraceRanges } from "./brace_ranges.ts";
import { DataError } from "./errors.ts";
import { IMAGE_EXTENSIONS, isImage, isMacExtra, isShard } from "./file_kinds.ts";
import type { ImageProblem, ImageSet } from "./image_set.ts";
import { byCodeUnit, imageSetOf, openShards } from "./shard_set.ts";

/** Where images are: a folder, an image or a shard; or a list of such. */
export type ImageSource = string | readonly string[];

/** Names of images and tar files, and where each of them lies. */
interface Files {
  images: string[];
  shards: string[];
  /** Folders that cannot be listed. */
  problems: ImageProblem[];
  pathOf(name: string): string;
}

/**
 * Lists the images of a folder, subfolders and tar shards included, of a file, or of several of
 * these, sorted by code unit and each file once, whatever the order of the list or of the file
 * system.
 *
 * Symbolic links are followed; a link back to a folder on its own path is not. A subfolder that
 * cannot be listed is left out, and told among the problems. Ranges such as
 * `train-{000..146}.tar` stand for a list, unless there is a file of that very name.
 *
 * @param source A folder, an image, a tar file, or a list of them.
 * @param key The setting that names it, as errors call it.
 * @returns The set; its names are separated by `/`: in a folder, paths relative to it; for a file,
 * its name alone; for a list, paths as its entries begin; in a shard, paths behind the shard's.
 * @throws {DataError} If an entry does not exist, cannot be listed or holds neither image nor shard, or if there is
 * no image at all.
 */
export async function findImages(source: ImageSource, key = "data"): Promise<ImageSet> {
  const entries = await expand(source);
  const { images, shards, problems, pathOf } = typeof source === "string" && entries[0] === source
    ? await filesIn(source, key)
    : await filesOfList(entries, key);
  const opened = await openShards(shards.sort(byCodeUnit), pathOf);
  const set = imageSetOf(images, opened, pathOf);
  if (set.names.length > 0) return { ...set, problems: [...problems, ...set.problems] };
  const damaged = opened.filter(({ index }) => index.problem !== undefined)
    .map(({ name, index }) => ({ name, message: index.problem }));
  const [first] = [...problems, ...damaged];
  if (first === undefined) throw noImagesError(source, key);
  throw new DataError(
    `Cannot find images: ${key} must hold at least one image, got none; ${first.name}: ` +
      first.message,
  );
}

/** The entries of a source, with those that have ranges written out. */
async function expand(source: ImageSource): Promise<string[]> {
  const entries: string[] = [];
  for (const entry of typeof source === "string" ? [source] : source) {
    const paths = expandBraceRanges(entry);
    const isName = paths[0] !== entry && await stat(entry).then(() => true, () => false);
    for (const path of isName ? [entry] : paths) entries.push(path);
  }
  return entries;
}

/** The files of several entries, each once; their names are paths. */
async function filesOfList(entries: readonly string[], key: string): Promise<Files> {
  const seen = new Set<string>(); // absolute paths
  const images: string[] = [], shards: string[] = [], problems: ImageProblem[] = [];
  for (const entry of entries.toSorted(byCodeUnit)) {
    const found = await filesIn(entry, key);
    for (const { name, message } of found.problems) {
      problems.push({ name: found.pathOf(name), message });
    }
    for (const [names, all] of [[found.images, images], [found.shards, shards]]) {
      for (const name of names.sort(byCodeUnit)) {
        const path = found.pathOf(name);
        const absolute = resolve(path);
        if (!seen.has(absolute)) all.push(sep === "/" ? path : path.replaceAll(sep, "/"));
        seen.add(absolute);
      }
    }
  }
  return { images, shards, problems, pathOf: (name) => name };
}

/** The files of one entry; in a folder their names are relative to it. */
async function filesIn(root: string, key: string): Promise<Files> {
  const info = await stat(root).catch(() => undefined);
  if (!info) {
    throw new DataError(
      `Cannot find images: ${key} must be an existing folder or file, got ` +
        `${JSON.stringify(root)}; check the path`,
    );
  }
  const files: Files = {
    images: [],
    shards: [],
    problems: [],
    pathOf: (name) => join(root, name),
  };
  if (info.isFile()) {
    addFile(basename(root), files);
    files.pathOf = () => root;
  } else {
    await assertListed(root, key);
    await addFolder(root, "", new Set(), files);
  }
  const { images, shards, problems } = files;
  if (images.length + shards.length + problems.length === 0) throw noImagesError(root, key);
  return files;
}

function noImagesError(source: ImageSource, key: string): DataError {
  return new DataError(
    `Cannot find images: ${key} must hold files that end in ${IMAGE_EXTENSIONS.join(", ")}, ` +
      `got none in ${JSON.stringify(source)}; point ${key} at a folder with images`,
  );
}

function addFile(name: string, files: Files): void {
  if (isImage(name)) files.images.push(name);
  if (isShard(name)) files.shards.push(name);
}

/** Adds the files below `prefix`; `ancestors` are the real paths of the folders above. */
async function addFolder(
  root: string,
  prefix: string,
  ancestors: ReadonlySet<string>,
  files: Files,
): Promise<void> {
  const path = join(root, prefix);
  let real: string, entries: Dirent[];
  try {
    real = await realpath(path);
    if (ancestors.has(real)) return;
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    files.problems.push({ name: prefix.slice(0, -1), message: unlistedText(error) });
    return;
  }
  const lineage = new Set([...ancestors, real]);
  for (const entry of entries) {
    if (isMacExtra(entry.name)) continue;
    const name = prefix + entry.name;
    let [isFile, isFolder] = [entry.isFile(), entry.isDirectory()];
    if (entry.isSymbolicLink()) {
      const target = await stat(join(root, name)).catch(() => undefined); // a dangling link
      [isFile, isFolder] = [target?.isFile() ?? false, target?.isDirectory() ?? false];
    }
    if (isFile) addFile(name, files);
    if (isFolder) await addFolder(root, `${name}/`, lineage, files);
  }
}

/** @throws {DataError} If the folder that a setting names cannot be listed. */
async function assertListed(root: string, key: string): Promise<void> {
  try {
    await readdir(root);
  } catch (error) {
    throw new DataError(
      `Cannot find images: ${key} must be a folder that can be read, got ` +
        `${JSON.stringify(root)} (${reasonOf(error)}); change its permissions`,
    );
  }
}

function unlistedText(error: unknown): string {
  return `Cannot list folder: it must be one that can be read, got ${
    reasonOf(error)
  }; change its ` +
    `permissions or move it out of data`;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return code ?? message;
}
