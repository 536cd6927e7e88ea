import { DataError } from "../images/errors.ts";
import { isShard } from "../images/file_kinds.ts";
import type { ImageSet } from "../images/image_set.ts";
import type { LabelTable } from "./label_table.ts";

/** Labels of the images of a set. */
export interface ClassLabels {
  /** Sorted by code unit. */
  classes: readonly string[];
  /** Of each image, its place in `classes`. */
  labels: Uint32Array;
}

/**
 * The classes of a set: its first level of folders, as `torchvision` has them, or those of a table.
 *
 * @param key What errors call the set.
 * @param known The classes of another set, in whose order labels are counted; of a class that is
 * not among them they are `known.length`.
 * @param table The labels of all images; without it they are those of their folders.
 * @throws {DataError} If an image lies beside the folders, or there are fewer than two classes.
 */
export function classLabels(
  images: ImageSet,
  key: string,
  known?: readonly string[],
  table?: LabelTable,
): ClassLabels {
  const names = images.names.map((name) => table?.get(name)?.label ?? folderOf(name, key));
  const classes = known ?? [...new Set(names)].sort();
  if (classes.length < 2) {
    const [must, then] = table === undefined
      ? ["lie in at least 2 folders, one for each class", "point to the folder above"]
      : ["have at least 2 labels", "label others, too"];
    throw new DataError(
      `Cannot classify: images of ${key} must ${must}, got "${classes[0]}" alone; ${then}`,
    );
  }
  if (known !== undefined && !names.some((name) => known.includes(name))) {
    const what = table === undefined ? "folders of the same names" : "labels of the same names";
    throw new DataError(
      `Cannot classify: ${key} must have ${what} as train, such as ` +
        `"${known[0]}", got "${names[0]}" and others; name them alike`,
    );
  }
  const places = new Map(classes.map((name, place) => [name, place]));
  return {
    classes,
    labels: Uint32Array.from(names, (name) => places.get(name) ?? classes.length),
  };
}

function folderOf(name: string, key: string): string {
  const slash = name.indexOf("/");
  if (slash > 0 && !isShard(name.slice(0, slash))) return name.slice(0, slash);
  throw new DataError(
    `Cannot classify: every image of ${key} must lie in a folder that is its class, got "${name}" beside ` +
      `the folders; move it into one, or give ${key}_labels=labels.csv`,
  );
}
