import type { FileHandle } from "node:fs/promises";
import { type ByteWriter, loadParquetWriter } from "../deps/hyparquet_writer.ts";
import { writeAll } from "../files/write_all.ts";
import { VERSION } from "../version.ts";

/** Values of a row group: 2 MiB of them, which take a hundred times that while they are encoded. */
const GROUP_VALUES = 2 ** 19;

/** A name, and a list of float32: neither is ever missing. */
const SCHEMA = [
  { name: "schema", num_children: 2 },
  {
    name: "filename",
    type: "BYTE_ARRAY",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
    repetition_type: "REQUIRED",
  },
  {
    name: "embedding",
    converted_type: "LIST",
    logical_type: { type: "LIST" },
    repetition_type: "REQUIRED",
    num_children: 1,
  },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
] satisfies ConstructorParameters<ParquetWriterClass>[0]["schema"];

type ParquetWriterClass = Awaited<ReturnType<typeof loadParquetWriter>>["ParquetWriter"];

/** Features of images, as a Parquet file takes them. */
export interface ParquetFeatures {
  names: readonly string[];
  /** Values of an image. */
  width: number;
  /** Goes into the file's key-value metadata. */
  facts: Readonly<Record<string, string>>;
  /** The values of `count` images from `first` on, `[count, width]`. */
  rows(first: number, count: number): Promise<Float32Array>;
}

/**
 * Writes features as a table of `filename` and `embedding`, a list of float32, row group after row
 * group: only one is in memory. Values are stored as they are: features do not compress.
 */
export async function writeParquet(
  file: FileHandle,
  { names, width, facts, rows }: ParquetFeatures,
): Promise<void> {
  const { ByteWriter, ParquetWriter } = await loadParquetWriter();
  const parquet = new ParquetWriter({
    writer: intoFile(new ByteWriter(), file),
    schema: SCHEMA,
    codec: "UNCOMPRESSED",
    statistics: false,
    kvMetadata: Object.entries(facts).map(([key, value]) => ({ key, value })),
    createdBy: `denodino version ${VERSION}`,
  });
  const rowGroupSize = Math.max(1, Math.floor(GROUP_VALUES / width));
  for (let first = 0; first < names.length; first += rowGroupSize) {
    const filename = names.slice(first, first + rowGroupSize);
    const values = await rows(first, filename.length);
    const embedding = filename.map((_, row) =>
      Array.from(values.subarray(row * width, (row + 1) * width))
    );
    await parquet.write({
      columnData: [
        { name: "filename", data: filename, encoding: "PLAIN" },
        { name: "embedding", data: embedding, encoding: "PLAIN" },
      ],
      rowGroupSize,
    });
  }
  await parquet.finish();
}

/** Makes a writer put what it holds into a file, whenever a row group is whole. */
function intoFile(writer: ByteWriter, file: FileHandle) {
  const flush = async () => {
    const bytes = writer.getBytes();
    await writeAll(file, bytes, writer.offset - bytes.length);
    writer.index = 0;
  };
  return Object.assign(writer, { flush, finish: flush });
}
