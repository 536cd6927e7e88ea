import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError } from "./errors.ts";

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

/**
 * Lists the images under a folder, subfolders included, sorted by code unit.
 *
 * Symbolic links are followed; a link back to a folder on its own path is not.
 *
 * @param root A folder, or one image file.
 * @returns Paths relative to `root`, separated by `/`; for a file, its name alone.
 * @throws {DataError} If `root` does not exist or holds no image.
 */
export async function findImages(root: string): Promise<string[]> {
  const info = await stat(root).catch(() => undefined);
  if (!info) {
    throw new DataError(
      `Cannot find images: data must be an existing folder, got ${JSON.stringify(root)}; ` +
        `check the path`,
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
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Where the image `path` of {@linkcode findImages} lies; `root` may be the image itself. */
export function imagePath(root: string, path: string): string {
  return isImage(root) && basename(root) === path ? root : join(root, path);
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
