import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { open } from "node:fs/promises";
import type { FeatureFormat } from "../../src/eval/eval_options.ts";
import { featureLayout } from "../../src/eval/feature_layout.ts";
import { randomStream } from "../../src/random.ts";
import {
  featuresOfCsv,
  readCsv,
  readNpy,
  readParquet,
  readSafetensorsFeatures,
  readTorchFeatures,
} from "../support/feature_files.ts";

/** Names that a table could stumble over, one for each row. */
const NAMES = [
  "a.png",
  "b, c.png",
  'the "d".png',
  "line\nbreak.png",
  "return\r.png",
  " space .png ",
  '"',
  "sub/ü – 猫.png",
];

/** Values at the borders of float32, and of any bits. */
function anyValues(count: number): Float32Array {
  const stream = randomStream(1, "bits");
  const words = Uint32Array.from({ length: count }, () => stream.int(2 ** 32));
  const values = new Float32Array(words.buffer).map((value) => Number.isFinite(value) ? value : 1);
  values.set([0, -0, 0.1, 1e-45, 3.4028235e38, 16777215, 1 / 3, 1e21]);
  return values;
}

function fileOf(format: FeatureFormat, values: Float32Array, names = NAMES): Uint8Array {
  const layout = featureLayout(format, [values.length / names.length], { tokens: "cls" });
  return Uint8Array.from([...layout.header(names), ...layout.rows(names, values)]);
}

/** A file of a format that cannot grow, in a temporary place. */
async function assembled(
  format: FeatureFormat,
  values: Float32Array,
  names: string[],
): Promise<string> {
  const layout = featureLayout(format, [values.length / names.length], { tokens: "cls" });
  const rows = layout.rows(names, values);
  const path = await Deno.makeTempFile();
  const file = await open(path, "w");
  const read = (at: number, size: number) => Promise.resolve(rows.slice(at, at + size));
  await layout.assemble!(file, names, read as Parameters<NonNullable<typeof layout.assemble>>[2]);
  await file.close();
  return path;
}

Deno.test("names and values of every format read back as they were, bit by bit", () => {
  const values = anyValues(NAMES.length * 500);
  const csv = (format: FeatureFormat) => new TextDecoder().decode(fileOf(format, values));
  const read = {
    csv: featuresOfCsv(csv("csv")),
    lightly: featuresOfCsv(csv("lightly_csv"), { labels: true }),
    npy: { ...readNpy(fileOf("npy", values)), names: NAMES },
    safetensors: readSafetensorsFeatures(fileOf("safetensors", values)),
  };
  for (const [format, found] of Object.entries(read)) {
    deepEqual(found.names, NAMES, format);
    deepEqual(found.shape, [NAMES.length, 500], format);
    deepEqual(new Uint32Array(found.values.buffer), new Uint32Array(values.buffer), format);
  }
  equal(read.safetensors.facts.tokens, "cls");
});

Deno.test("files that are assembled at the end read back, too, bit by bit", async () => {
  for (const rows of [1, 8, 3000]) { // the last has more than one row group
    const names = Array.from({ length: rows }, (_, i) => i < 8 ? NAMES[i] : `${i}.png`);
    const values = anyValues(rows * 500);
    const files = {
      parquet: await assembled("parquet", values, names),
      torch: await assembled("torch", values, names),
    };
    const { groups, ...parquet } = await readParquet(await Deno.readFile(files.parquet));
    equal(groups, Math.ceil(rows / 1048));
    for (const found of [parquet, await readTorchFeatures(files.torch)]) {
      deepEqual(found.names, names);
      deepEqual(found.shape, [rows, 500]);
      deepEqual(new Uint32Array(found.values.buffer), new Uint32Array(values.buffer));
    }
    equal(parquet.facts.tokens, "cls");
    for (const file of Object.values(files)) await Deno.remove(file);
  }
});

Deno.test("tables have the columns that they are known by", () => {
  const text = (format: FeatureFormat) =>
    new TextDecoder().decode(fileOf(format, Float32Array.of(0.5, -2, 0.1, 3), ["a,b", "c"]));
  equal(text("csv"), 'filename,embedding_0,embedding_1\n"a,b",0.5,-2\nc,0.100000001,3\n');
  equal(
    text("lightly_csv"),
    'filenames,embedding_0,embedding_1,labels\n"a,b",0.5,-2,0\nc,0.100000001,3,0\n',
  );
  equal(readCsv(text("csv")).length, 3);
});

Deno.test("the header of fewer images takes the place of that of all", () => {
  for (const format of ["csv", "lightly_csv", "npy", "safetensors"] as const) {
    const layout = featureLayout(format, [1024, 384], {});
    const many = Array.from({ length: 20_000 }, (_, i) => `folder "x"/${i}.png`);
    const all = layout.header(many);
    for (const names of [many, many.slice(3), many.slice(0, 1)]) {
      equal(layout.header(names, all.length).length, all.length, format);
    }
    ok(all.length > 64);
  }
});

Deno.test("more names than a safetensors header may hold are refused", () => {
  const layout = featureLayout("safetensors", [384], {});
  const message = /names of 1 images must take at most 100000000 bytes, got \d+; write npy/;
  throws(() => layout.header(["x".repeat(100_000_000)]), { name: "DataError", message });
});
