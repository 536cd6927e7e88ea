import { findImages } from "../images/find_images.ts";
import { imagesAt, type ImageSet } from "../images/image_set.ts";
import { classLabels } from "./class_labels.ts";
import type { LabelledOptions } from "./eval_options.ts";
import { type LabelTable, readLabelTable, refuseLabels } from "./label_table.ts";

/** Images that have a label each. */
export interface LabelledImages {
  images: ImageSet;
  /** Of each image, the place of its class; in a test set, that of an unknown one is their count. */
  labels: Uint32Array;
}

/** Images to learn classes from, and images to tell them of. */
export interface LabelledSets {
  /** Of `train`, sorted by code unit. */
  classes: readonly string[];
  train: LabelledImages;
  test: LabelledImages;
}

type Key = "train" | "test";

/**
 * Finds the images of an evaluation and their labels, by folders or by tables. Images without a line
 * in their table are left out, which `onMessage` is told: so a table chooses images, too.
 *
 * @param group What errors put before the names of options, such as `callbacks.knn.`.
 * @throws {DataError} If there are no images, an image has no class, a line of a table names no
 * image, or there are fewer than two classes.
 */
export async function labelledSets(
  options: LabelledOptions,
  onMessage: (message: string) => void = () => {},
  group = "",
): Promise<LabelledSets> {
  const all = {
    train: await findImages(options.train, `${group}train`),
    test: await findImages(options.test, `${group}test`),
  };
  const files = {
    train: options.train_labels ?? options.labels,
    test: options.test_labels ?? options.labels,
  };
  const tables = await tablesOf(files, all, options.train === options.test);
  const images = {
    train: inTable("train", all.train, files.train, tables.train, onMessage),
    test: inTable("test", all.test, files.test, tables.test, onMessage),
  };
  const train = classLabels(images.train, `${group}train`, undefined, tables.train);
  const test = classLabels(images.test, `${group}test`, train.classes, tables.test);
  return {
    classes: train.classes,
    train: { images: images.train, labels: train.labels },
    test: { images: images.test, labels: test.labels },
  };
}

/** The tables of both sets, every line of which names an image of the sets that the table is for. */
async function tablesOf(
  files: Record<Key, string | null>,
  all: Record<Key, ImageSet>,
  isSameFolder: boolean,
): Promise<{ train?: LabelTable; test?: LabelTable }> {
  if (files.train !== null && files.train === files.test) {
    const table = await tableFor(files.train, all);
    if (!isSameFolder) refuseInBoth(files.train, table, all);
    return { train: table, test: table };
  }
  return {
    train: files.train === null ? undefined : await tableFor(files.train, { train: all.train }),
    test: files.test === null ? undefined : await tableFor(files.test, { test: all.test }),
  };
}

async function tableFor(file: string, sets: Partial<Record<Key, ImageSet>>): Promise<LabelTable> {
  const table = await readLabelTable(file);
  const named = Object.values(sets).map(({ names }) => new Set(names));
  const unknown = [...table].filter(([name]) => !named.some((names) => names.has(name)));
  if (unknown.length > 0) {
    const [{ names: [example] }] = Object.values(sets);
    refuseLabels(
      file,
      `every line must name an image of ${Object.keys(sets).join(" or ")}`,
      unknown.map(([name, { line }]) => `${name} (line ${line})`),
      `write names relative to the folder, such as ${example}` +
        (unknown[0][1].line === 1 ? ", and a header, if any, as filename,label" : ""),
    );
  }
  return table;
}

/** One line cannot be for two images. */
function refuseInBoth(file: string, table: LabelTable, { train, test }: Record<Key, ImageSet>) {
  const inTrain = new Set(train.names);
  const both = test.names.filter((name) => inTrain.has(name) && table.has(name));
  if (both.length === 0) return;
  refuseLabels(
    file,
    "a table for train and test must tell them by names that only one of them has",
    both.map((name) => `${name} (line ${table.get(name)!.line})`),
    "give train_labels and test_labels",
  );
}

/** The images of a set that have a line in its table; all if there is no table. */
function inTable(
  key: Key,
  images: ImageSet,
  file: string | null,
  table: LabelTable | undefined,
  onMessage: (message: string) => void,
): ImageSet {
  if (table === undefined) return images;
  const { names } = images;
  const places = Array.from(names.keys()).filter((place) => table.has(names[place]));
  const left = names.length - places.length;
  if (left === 0) return images;
  const example = names.find((name) => !table.has(name));
  if (places.length === 0) {
    refuseLabels(file!, `an image of ${key} must have a line`, [`none for ${example}`]);
  }
  onMessage(
    `${left} of ${names.length} images of ${key} have no line in ${file} and are left out, ` +
      `such as ${example}`,
  );
  return imagesAt(images, places);
}
