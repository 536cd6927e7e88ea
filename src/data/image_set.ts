import { readFile } from "node:fs/promises";

/** Where the bytes of an image are: a whole file, or a part of one, such as an entry of a shard. */
export interface ImageLocation {
  /** The file. */
  path: string;
  /** Where the part begins, in bytes; without it the image is the whole file. */
  offset?: number;
  /** Bytes of the part. */
  length?: number;
}

/** Something of a source that could not be used as a whole. */
export interface ImageProblem {
  name: string;
  message: string;
}

/** The images of a data set, each known by its place. */
export interface ImageSet {
  /** Sorted by code unit. */
  readonly names: readonly string[];
  /** What was left out, and why. */
  readonly problems: readonly ImageProblem[];
  /** Where an image is; made when asked for, as a set may have millions. */
  location(index: number): ImageLocation;
}

/** A set of whole files. */
export function fileSet(names: string[], pathOf: (name: string) => string): ImageSet {
  return { names, problems: [], location: (index) => ({ path: pathOf(names[index]) }) };
}

/**
 * Reads the bytes of one image.
 *
 * @throws {Error} If the file cannot be read.
 */
export async function readImageBytes({ path }: ImageLocation): Promise<Uint8Array> {
  return await readFile(path);
}
