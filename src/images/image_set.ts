import { openFile } from "../files/positioned_read.ts";
import { readPart, readWhole } from "./image_bytes.ts";

/** Where the bytes of an image are: a whole file, or a part of one, such as an entry of a shard. */
export interface ImageLocation {
  /** The file. */
  path: string;
  /** Where the part begins, in bytes; without it the image is the whole file. */
  offset?: number;
  /** Bytes of the part. */
  length?: number;
  /** Of an image in a pack: its bytes are pixels, not a file to decode. */
  raw?: RawPixels;
}

/** What the bytes of an image in a pack are. */
export interface RawPixels {
  width: number;
  height: number;
  channels: number;
  /** Of the pixels, without the bytes that fill the last word. */
  crc32: number;
  /** Where the image was packed from. */
  source: ImageLocation;
}

/** A shard that cannot be used, or only up to some place, or a folder that cannot; and why. */
export interface ImageProblem {
  name: string;
  message: string;
}

/** The images of a data set, each known by its place. */
export interface ImageSet {
  /** Sorted by code unit. */
  readonly names: readonly string[];
  readonly problems: readonly ImageProblem[];
  /** Where an image is; made when asked for, as a set may have millions. */
  location(index: number): ImageLocation;
}

/** Some images of a set, by their places in it. */
export function imagesAt(images: ImageSet, places: readonly number[]): ImageSet {
  return {
    names: places.map((place) => images.names[place]),
    problems: images.problems,
    location: (index) => images.location(places[index]),
  };
}

/** A location as text: the file, and where in it; of a packed image, where it came from. */
export function locationText({ path, offset, raw }: ImageLocation): string {
  if (raw !== undefined) return locationText(raw.source);
  return offset === undefined ? path : `${path} at byte ${offset}`;
}

/**
 * Reads the bytes of one image.
 *
 * @throws {Error} If the file cannot be read, ends too early, or is too large.
 */
export async function readImageBytes({ path, offset, length }: ImageLocation): Promise<Uint8Array> {
  if (offset === undefined || length === undefined) return await readWhole(path);
  const file = await openFile(path);
  try {
    return await readPart(file, offset, length);
  } finally {
    await file.handle.close();
  }
}
