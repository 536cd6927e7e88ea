import { DataError } from "../images/errors.ts";
import { isShard } from "../images/file_kinds.ts";
import type { ImageSet } from "../images/image_set.ts";

/** Labels of the images of a set: each is that of the folder that it lies in. */
export interface ClassLabels {
  /** Sorted by code unit. */
  classes: readonly string[];
  /** Of each image, its place in `classes`. */
  labels: Uint32Array;
}

/**
 * The classes of a set whose first level of folders are classes, as `torchvision` has them.
 *
 * @param key What errors call the set.
 * @param known The classes of another set, in whose order labels are counted; of a class that is
 * not among them they are `known.length`.
 * @throws {DataError} If an image lies beside the folders, or there are fewer than two classes.
 */
export function classLabels(
  images: ImageSet,
  key: string,
  known?: readonly string[],
): ClassLabels {
  const folders = images.names.map((name) => folderOf(name, key));
  const classes = known ?? [...new Set(folders)].sort();
  if (classes.length < 2) {
    throw new DataError(
      `Cannot classify: images of ${key} must lie in at least 2 folders, one for each class, got ` +
        `"${classes[0]}" alone; point to the folder above`,
    );
  }
  if (known !== undefined && !folders.some((name) => known.includes(name))) {
    throw new DataError(
      `Cannot classify: ${key} must have folders of the same names as train, such as ` +
        `"${known[0]}", got "${folders[0]}" and others; name them alike`,
    );
  }
  const places = new Map(classes.map((name, place) => [name, place]));
  return {
    classes,
    labels: Uint32Array.from(folders, (name) => places.get(name) ?? classes.length),
  };
}

function folderOf(name: string, key: string): string {
  const slash = name.indexOf("/");
  if (slash > 0 && !isShard(name.slice(0, slash))) return name.slice(0, slash);
  throw new DataError(
    `Cannot classify: every image of ${key} must lie in a folder that is its class, got "${name}" beside ` +
      "the folders; move it into one",
  );
}
