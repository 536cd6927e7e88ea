import { parquetMetadata, parquetReadObjects } from "npm:hyparquet@1.31.5";
import { readPickle, type TensorRecord } from "../../src/weights/pickle.ts";
import { ZipFile } from "../../src/weights/zip_file.ts";

/** Features that a test has read back: their names, and all values of an image together. */
export interface ReadFeatures {
  names: string[];
  shape: number[];
  values: Float32Array;
  facts: Record<string, string>;
}

/** The cells of a table as RFC 4180 has it, letter by letter. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [[""]];
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows[rows.length - 1];
    const letter = text[i];
    if (isQuoted && letter === '"' && text[i + 1] === '"') row[row.length - 1] += text[++i];
    else if (letter === '"') isQuoted = !isQuoted;
    else if (isQuoted) row[row.length - 1] += letter;
    else if (letter === ",") row.push("");
    else if (letter === "\n") rows.push([""]);
    else row[row.length - 1] += letter;
  }
  return rows.slice(0, -1); // the last line ends, too
}

/** The features of a table whose first column is a name, and whose last is no value if `labels`. */
export function featuresOfCsv(text: string, { labels = false } = {}): ReadFeatures {
  const [header, ...rows] = readCsv(text);
  const cells = rows.map((row) => row.slice(1, labels ? -1 : undefined));
  return {
    names: rows.map(([name]) => name),
    shape: [rows.length, header.length - (labels ? 2 : 1)],
    values: Float32Array.from(cells.flat(), Number),
    facts: {},
  };
}

/** The array of a file of NumPy's, as its format's description says. */
export function readNpy(file: Uint8Array): Omit<ReadFeatures, "names"> {
  const bytes = new Uint8Array(file); // of node's, a slice is no copy
  const text = String.fromCharCode(...bytes.subarray(0, 256));
  if (!text.startsWith("\x93NUMPY\x01\x00")) throw new Error("no npy file of version 1.0");
  const start = 10 + bytes[8] + 256 * bytes[9];
  const header = text.slice(10, start);
  if (start % 64 !== 0 || !header.endsWith("\n")) throw new Error("header is not padded");
  const [, shape] = /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(([\d, ]+)\), \} *\n$/
    .exec(header)!;
  return { shape: shape.split(", ").map(Number), values: floats(bytes.slice(start)), facts: {} };
}

/** The features of a safetensors file. */
export function readSafetensorsFeatures(file: Uint8Array): ReadFeatures {
  const bytes = new Uint8Array(file);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const { dtype, shape, data_offsets: [begin, end] } = header.embeddings;
  if (dtype !== "F32" || begin !== 0 || length % 8 !== 0) throw new Error("not as promised");
  if (8 + length + end !== bytes.length) throw new Error("data must fill the file");
  const { names, ...facts } = header.__metadata__;
  return { names: JSON.parse(names), shape, values: floats(bytes.slice(8 + length)), facts };
}

/** The features of a Parquet file, and the number of its row groups. */
export async function readParquet(file: Uint8Array): Promise<ReadFeatures & { groups: number }> {
  const bytes = new Uint8Array(file).buffer; // of node's, a slice is no copy
  const { row_groups, key_value_metadata } = parquetMetadata(bytes);
  const rows = await parquetReadObjects({ file: bytes });
  const all: number[][] = rows.map(({ embedding }) => embedding);
  return {
    names: rows.map(({ filename }) => filename),
    shape: [rows.length, all[0].length],
    values: Float32Array.from(all.flat()),
    facts: Object.fromEntries(key_value_metadata!.map(({ key, value }) => [key, value!])),
    groups: row_groups.length,
  };
}

/** The features of a dictionary of PyTorch's. */
export async function readTorchFeatures(path: string): Promise<ReadFeatures> {
  await using zip = await ZipFile.open(path);
  const found = readPickle(await zip.read("archive/data.pkl"), path);
  if (!(found instanceof Map)) throw new Error("no dictionary");
  const { storage, shape, type } = found.get("embeddings") as TensorRecord;
  if (type !== "Float") throw new Error("not as promised");
  const values = floats(await zip.read(`archive/data/${storage}`));
  return { names: found.get("filenames") as string[], shape, values, facts: {} };
}

function floats(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
