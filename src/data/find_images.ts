import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DataError } from "./errors.ts";
import { fileSet, type ImageSet } from "./image_set.ts";

/** File endings taken for images, in any case. */
export const IMAGE_EXTENSIONS = [
  "jpg",
  "jpeg",
  "png",
  "webp",
  "bmp",
  "gif",
  "tif",
  "tiff",
  "ppm",
  "pgm",
];

/** Where images are: a folder or a file, or a list of folders and files. */
export type ImageSource = string | readonly string[];

/**
 * Lists the images of a folder, subfolders included, of a file, or of several of both, sorted by
 * code unit and each file once, whatever the order of the list or of the file system.
 *
 * Symbolic links are followed; a link back to a folder on its own path is not.
 *
 * @param source A folder, an image file, or a list of them.
 * @returns The set; its names are separated by `/`: in a folder, paths relative to it; for a file,
 * its name alone; for a list, paths as its entries begin.
 * @throws {DataError} If an entry does not exist or holds no image.
 */
export async function findImages(source: ImageSource): Promise<ImageSet> {
  if (typeof source === "string") {
    const found = (await imagesIn(source)).sort(byCodeUnit);
    return fileSet(found, (name) => imagePath(source, name));
  }
  const names = new Map<string, string>(); // absolute path → name
  for (const entry of [...source].sort(byCodeUnit)) {
    for (const name of await imagesIn(entry)) {
      const path = imagePath(entry, name);
      const absolute = resolve(path);
      if (!names.has(absolute)) names.set(absolute, path.replaceAll("\\", "/"));
    }
  }
  return fileSet([...names.values()].sort(byCodeUnit), (name) => name);
}

/** Where the image `name` of a folder lies; `root` may be the image itself. */
function imagePath(root: string, name: string): string {
  return isImage(root) && basename(root) === name ? root : join(root, name);
}

async function imagesIn(root: string): Promise<string[]> {
  const info = await stat(root).catch(() => undefined);
  if (!info) {
    throw new DataError(
      `Cannot find images: data must be an existing folder or file, got ` +
        `${JSON.stringify(root)}; check the path`,
    );
  }
  const found: string[] = [];
  if (info.isFile()) {
    if (isImage(root)) found.push(basename(root));
  } else {
    await collect(root, "", new Set([await realpath(root)]), found);
  }
  if (found.length === 0) {
    throw new DataError(
      `Cannot find images: data must hold files that end in ${IMAGE_EXTENSIONS.join(", ")}, ` +
        `got none in ${JSON.stringify(root)}; point data at a folder with images`,
    );
  }
  return found;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isImage(path: string): boolean {
  const dot = path.lastIndexOf(".");
  return dot >= 0 && IMAGE_EXTENSIONS.includes(path.slice(dot + 1).toLowerCase());
}

/** Adds the images below `prefix`; `ancestors` are the real paths of the folders above. */
async function collect(
  root: string,
  prefix: string,
  ancestors: ReadonlySet<string>,
  found: string[],
): Promise<void> {
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix + entry.name;
    let [isFile, isFolder] = [entry.isFile(), entry.isDirectory()];
    if (entry.isSymbolicLink()) {
      const target = await stat(join(root, path)).catch(() => undefined); // a dangling link
      [isFile, isFolder] = [target?.isFile() ?? false, target?.isDirectory() ?? false];
    }
    if (isFile && isImage(path)) found.push(path);
    if (!isFolder) continue;
    const real = await realpath(join(root, path));
    if (!ancestors.has(real)) {
      await collect(root, `${path}/`, new Set([...ancestors, real]), found);
    }
  }
}
