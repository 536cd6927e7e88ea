import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "../../src/config/config_error.ts";
import { type LabelledSets, labelledSets } from "../../src/eval/labelled_sets.ts";
import { DataError } from "../../src/images/errors.ts";

/** Files by name in a temporary folder; what an image holds does not matter here. */
async function withFiles(
  files: Record<string, string>,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await writeFile(`${folder}/${name}`, text);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const NONE = { labels: null, train_labels: null, test_labels: null };
const IMAGES = { "train/1.png": "", "train/2.png": "", "test/3.png": "", "test/4.png": "" };

const shown = ({ classes, train, test }: LabelledSets) => ({
  classes,
  train: train.images.names.map((name, i) => [name, train.labels[i]]),
  test: test.images.names.map((name, i) => [name, test.labels[i]]),
});

Deno.test("one table labels both sets, and chooses their images", async () => {
  const table = "filename,label\n1.png,b\n2.png,a\n4.png,b\n";
  await withFiles({ ...IMAGES, "l.csv": table }, async (folder) => {
    const sets = { train: `${folder}/train`, test: `${folder}/test` };
    const told: string[] = [];
    const labels = `${folder}/l.csv`;
    const found = await labelledSets({ ...sets, ...NONE, labels }, (line) => told.push(line));
    deepEqual(shown(found), {
      classes: ["a", "b"],
      train: [["1.png", 1], ["2.png", 0]],
      test: [["4.png", 1]],
    });
    equal(found.test.images.location(0).path, `${folder}/test/4.png`);
    deepEqual(told, [
      `1 of 2 images of test have no line in ${labels} and are left out, such as 3.png`,
    ]);
  });
});

Deno.test("each set may have a table of its own, or its folders", async () => {
  const files = { "a/1.png": "", "b/1.png": "", "c/1.png": "" };
  const [one, other] = ["a/1.png,b\nb/1.png,a", "a/1.png,a\nc/1.png,new"];
  await withFiles({ ...files, "1.csv": one, "2.csv": other }, async (folder) => {
    const options = { train: folder, test: folder, ...NONE, labels: `${folder}/1.csv` };
    const found = await labelledSets({ ...options, test_labels: `${folder}/2.csv` });
    deepEqual(shown(found), {
      classes: ["a", "b"],
      train: [["a/1.png", 1], ["b/1.png", 0]],
      test: [["a/1.png", 0], ["c/1.png", 2]],
    });
    const same = await labelledSets(options);
    deepEqual(shown(same).test, shown(same).train, "the same folder is no second meaning");
    const folders = await labelledSets({ ...options, labels: null });
    deepEqual(folders.classes, ["a", "b", "c"]);
  });
});

Deno.test("lines that name no image, or two, are refused", async () => {
  const tables = {
    "l.csv": "id,kind\n1.png,a\n7.png,b\n",
    "both.csv": "1.png,a\n2.png,b\n3.png,a\n",
  };
  const files = { ...IMAGES, "test/1.png": "", ...tables };
  await withFiles(files, async (folder) => {
    const sets = { train: `${folder}/train`, test: `${folder}/test`, ...NONE };
    const refuses = (options: object, file: string, message: string) =>
      rejects(
        labelledSets({ ...sets, ...options }),
        new DataError(`Cannot take labels from ${JSON.stringify(file)}: ${message}`),
      );
    const [l, both] = [`${folder}/l.csv`, `${folder}/both.csv`];
    await refuses(
      { train_labels: l },
      l,
      "every line must name an image of train, got id (line 1), 7.png (line 3); write names " +
        "relative to the folder, such as 1.png, and a header, if any, as filename,label",
    );
    await refuses(
      { labels: both },
      both,
      "a table for train and test must tell them by names that only one of them has, got 1.png " +
        "(line 1); give train_labels and test_labels",
    );
    await refuses(
      { train_labels: both },
      both,
      "every line must name an image of train, got 3.png (line 3); write names relative to the " +
        "folder, such as 1.png",
    );
  });
});

Deno.test("a set that its table leaves out, and a table of one label, are refused", async () => {
  const tables = { "train.csv": "1.png,a\n2.png,b\n", "one.csv": "1.png,a\n2.png,a\n" };
  await withFiles({ ...IMAGES, ...tables }, async (folder) => {
    const sets = { train: `${folder}/train`, test: `${folder}/test`, ...NONE };
    await rejects(
      labelledSets({ ...sets, labels: `${folder}/train.csv` }),
      /an image of test must have a line, got none for 3.png; mend the table$/,
    );
    await rejects(
      labelledSets({ ...sets, train_labels: `${folder}/one.csv` }),
      new DataError(
        'Cannot classify: images of train must have at least 2 labels, got "a" alone; label ' +
          "others, too",
      ),
    );
  });
});

Deno.test("a table that nothing is read from is refused, images that judge themselves are told", async () => {
  await withFiles({ "a/1.png": "", "b/1.png": "", "l.csv": "a/1.png,a" }, async (folder) => {
    const idle = { ...NONE, train: folder, test: null, test_labels: `${folder}/l.csv` };
    await rejects(
      labelledSets(idle, undefined, "callbacks.knn."),
      new ConfigError([{
        key: "callbacks.knn.test_labels",
        message: `must be left out without callbacks.knn.test, got "${folder}/l.csv"; give both`,
      }]),
    );
    const told: string[] = [];
    await labelledSets({ ...NONE, train: folder, test: folder }, (line) => told.push(line));
    deepEqual(told, [
      `warning: test has the images of train, ${folder}: each finds itself, and accuracies mean ` +
      "little; give others",
    ]);
  });
});
