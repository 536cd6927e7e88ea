import type { FileHandle } from "node:fs/promises";
import { DataError } from "../images/errors.ts";
import { bytesOf, encodeHeader } from "../safetensors_file.ts";
import type { FeatureFormat } from "./eval_options.ts";
import { csvHeader, csvRows } from "./feature_csv.ts";
import { npyHeader } from "./feature_npy.ts";
import { writeParquet } from "./feature_parquet.ts";
import { writeTorchFeatures } from "../weights/torch_writer.ts";

/** Readers of safetensors take no longer header; ours and the original among them. */
const MAX_HEADER_BYTES = 100_000_000;

/** Bytes that are copied at a time. */
const COPY_BYTES = 16 * 1024 * 1024;

/** Reads bytes of rows that were added, from one of them on. */
export type ReadRows = (at: number, sizeBytes: number) => Promise<Uint8Array<ArrayBuffer>>;

/** How a file of features is written: what it begins with, and what each image adds. */
export interface FeatureLayout {
  /**
   * What a file of these images begins with. That of fewer images is no longer, and is filled up to
   * `leastBytes`: so it can be written last, over the one of all images.
   */
  header(names: readonly string[], leastBytes?: number): Uint8Array;
  /** What images add, at the end of the file. */
  rows(names: readonly string[], values: Float32Array): Uint8Array;
  /** Whether the file itself has no place for the images' names. */
  namesBeside: boolean;
  /**
   * Writes a file of a format that cannot grow, from the rows of these images: what was added until
   * then is no such file yet.
   */
  assemble?(file: FileHandle, names: readonly string[], read: ReadRows): Promise<void>;
}

/** What a file of features says of them, as text. */
export type FeatureFacts = Record<string, string>;

/**
 * @param shape Of what an image adds: `[width]`, or `[patches, width]`.
 * @param facts What is told of the features, where the format has a place for it.
 */
export function featureLayout(
  format: FeatureFormat,
  shape: readonly number[],
  facts: FeatureFacts,
): FeatureLayout {
  switch (format) {
    case "csv":
    case "lightly_csv":
      return {
        header: () => csvHeader(format, shape[0]),
        rows: (names, values) => csvRows(format, names, values),
        namesBeside: false,
      };
    case "npy":
      return {
        header: (names) => npyHeader([names.length, ...shape]),
        rows: (_, values) => bytesOf(values),
        namesBeside: true,
      };
    case "safetensors":
      return {
        header: (names, leastBytes) => safetensorsHeader(names, shape, facts, leastBytes),
        rows: (_, values) => bytesOf(values),
        namesBeside: false,
      };
    case "parquet":
      return {
        ...ROWS_ALONE,
        assemble: (file, names, read) =>
          writeParquet(file, {
            names,
            width: shape[0],
            facts,
            async rows(first, count) {
              const rowBytes = 4 * shape[0];
              return new Float32Array((await read(first * rowBytes, count * rowBytes)).buffer);
            },
          }),
      };
    case "torch":
      return {
        ...ROWS_ALONE,
        assemble: (file, names, read) => {
          const whole = [names.length, ...shape];
          const parts = inParts(read, whole.reduce((bytes, size) => bytes * size, 4));
          return writeTorchFeatures(file, { names, shape: whole, parts });
        },
      };
  }
}

/** What grows until a file is assembled from it. */
const ROWS_ALONE = {
  header: () => new Uint8Array(),
  rows: (_: readonly string[], values: Float32Array) => bytesOf(values),
  namesBeside: false,
};

async function* inParts(read: ReadRows, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < sizeBytes; at += COPY_BYTES) {
    yield await read(at, Math.min(COPY_BYTES, sizeBytes - at));
  }
}

function safetensorsHeader(
  names: readonly string[],
  shape: readonly number[],
  facts: FeatureFacts,
  leastBytes?: number,
): Uint8Array {
  const tensor = {
    name: "embeddings",
    dtype: "F32" as const,
    shape: [names.length, ...shape],
  };
  const metadata = { ...facts, names: JSON.stringify(names) };
  const header = encodeHeader([tensor], metadata, "features", leastBytes);
  if (header.length - 8 <= MAX_HEADER_BYTES) return header;
  throw new DataError(
    `Cannot write safetensors: the names of ${names.length} images must take at most ` +
      `${MAX_HEADER_BYTES} bytes, got ${header.length}; write npy, whose names are beside it`,
  );
}
