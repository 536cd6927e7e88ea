import { ConfigError } from "../config/config_error.ts";
import { findImages } from "../images/find_images.ts";
import { imagesAt, type ImageSet } from "../images/image_set.ts";
import { classLabels } from "./class_labels.ts";
import { type LabelTable, readLabelTable, refuseLabels } from "./label_table.ts";

/** Images that have a label each. */
export interface LabelledImages {
  images: ImageSet;
  /** Of each image, the place of its class; in a test set, that of an unknown one is their count. */
  labels: Uint32Array;
}

/** What a set is for: to learn classes from, to choose by, or to be told the classes of. */
const SET_KEYS = ["train", "val", "test"] as const;

/** One of {@linkcode SET_KEYS}. */
type SetKey = typeof SET_KEYS[number];

/** Options that name the table of one set alone. */
const TABLE_KEYS = { train: "train_labels", val: "val_labels", test: "test_labels" } as const;

/** Where the images of some sets are, and the tables of their labels; null where there is none. */
export type LabelSources =
  & { train: string; labels: string | null }
  & Partial<Record<"val" | "test" | `${SetKey}_labels`, string | null>>;

/** The sets of an evaluation, null where they have no source, and the classes of `train`, sorted. */
export type LabelledSets<Sources = { train: string; test: string }> =
  & { [Key in SetKey & keyof Sources]: LabelledImages | Extract<Sources[Key], null> }
  & { classes: readonly string[] };

/** A set while it is found. */
interface Source {
  key: SetKey;
  folder: string;
  /** Its table, if any. */
  file: string | null;
  images: ImageSet;
}

/**
 * Finds the images of an evaluation and their labels, by folders or by tables. Images without a line
 * in their table are left out, which `onMessage` is told: so a table chooses images, too.
 *
 * @param group What errors put before the names of options, such as `callbacks.knn.`.
 * @throws {ConfigError} If there is a table for a set that is not there.
 * @throws {DataError} If there are no images, an image has no class, a line of a table names no
 * image, or there are fewer than two classes.
 */
export async function labelledSets<Sources extends LabelSources>(
  options: Sources,
  onMessage: (message: string) => void = () => {},
  group = "",
): Promise<LabelledSets<Sources>> {
  refuseIdleTables(options, group);
  const sources: Source[] = [];
  for (const key of SET_KEYS) {
    const [folder, file] = [options[key], options[TABLE_KEYS[key]] ?? options.labels];
    if (!folder) continue;
    sources.push({ key, folder, file, images: await findImages(folder, `${group}${key}`) });
  }
  tellSame(sources, onMessage);
  const tables = await tablesOf(sources);
  let classes: readonly string[] | undefined;
  const found: Record<SetKey, LabelledImages | null> = { train: null, val: null, test: null };
  for (const source of sources) {
    const { key, file } = source;
    const table = file === null ? undefined : tables.get(file);
    const images = inTable(source, table, onMessage);
    const labelled = classLabels(images, `${group}${key}`, classes, table);
    classes ??= labelled.classes;
    found[key] = { images, labels: labelled.labels };
  }
  return { ...found, classes } as LabelledSets<Sources>;
}

/** A table that nothing is read from. */
function refuseIdleTables(options: LabelSources, group: string): void {
  const problems = SET_KEYS.flatMap((key) => {
    const table = options[TABLE_KEYS[key]];
    if (!table || options[key]) return [];
    const message = `must be left out without ${group}${key}, got "${table}"; give both`;
    return [{ key: group + TABLE_KEYS[key], message }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Images that are judged by themselves look better than they are. */
function tellSame([train, ...others]: readonly Source[], onMessage: (message: string) => void) {
  for (const { key, folder, file } of others) {
    if (folder !== train.folder || file !== train.file) continue;
    onMessage(
      `warning: ${key} has the images of train, ${folder}: each finds itself, and accuracies mean ` +
        "little; give others",
    );
  }
}

/** The tables by their files; every line of them names an image of the sets that they are for. */
async function tablesOf(sources: readonly Source[]): Promise<Map<string, LabelTable>> {
  const tables = new Map<string, LabelTable>();
  for (const file of new Set(sources.map((source) => source.file))) {
    if (file === null) continue;
    const users = sources.filter((source) => source.file === file);
    const table = await tableFor(file, users);
    tables.set(file, table);
    users.forEach((user, at) =>
      users.slice(at + 1)
        .filter(({ folder }) => folder !== user.folder)
        .forEach((other) => refuseInBoth(file, table, user, other))
    );
  }
  return tables;
}

async function tableFor(file: string, users: readonly Source[]): Promise<LabelTable> {
  const table = await readLabelTable(file);
  const named = users.map(({ images }) => new Set(images.names));
  const unknown = [...table].filter(([name]) => !named.some((names) => names.has(name)));
  if (unknown.length > 0) {
    const [{ images: { names: [example] } }] = users;
    refuseLabels(
      file,
      `every line must name an image of ${users.map(({ key }) => key).join(" or ")}`,
      unknown.map(([name, { line }]) => `${name} (line ${line})`),
      `write names relative to the folder, such as ${example}` +
        (unknown[0][1].line === 1 ? ", and a header, if any, as filename,label" : ""),
    );
  }
  return table;
}

/** One line cannot be for two images. */
function refuseInBoth(file: string, table: LabelTable, one: Source, other: Source): void {
  const names = new Set(one.images.names);
  const both = other.images.names.filter((name) => names.has(name) && table.has(name));
  if (both.length === 0) return;
  refuseLabels(
    file,
    `a table for ${one.key} and ${other.key} must tell them by names that only one of them has`,
    both.map((name) => `${name} (line ${table.get(name)!.line})`),
    `give ${one.key}_labels and ${other.key}_labels`,
  );
}

/** The images of a set that have a line in its table; all if there is no table. */
function inTable(
  { key, images, file }: Source,
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
