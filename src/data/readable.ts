import { readFile } from "node:fs/promises";
import { decodeImage } from "./decode.ts";
import { DataError } from "./errors.ts";
import { imagePath, type ImageSource } from "./find_images.ts";

/**
 * Decodes images until one succeeds, the first of a usual set.
 *
 * @param names From `findImages`.
 * @throws {DataError} If none can be read.
 */
export async function assertSomeReadable(source: ImageSource, names: string[]): Promise<void> {
  let first = "";
  for (const name of names) {
    try {
      await decodeImage(await readFile(imagePath(source, name)));
      return;
    } catch (error) {
      first ||= error instanceof Error ? error.message : String(error);
    }
  }
  throw noneReadable(names.length, names[0], first);
}

/** What to say where no image can be read. */
export function noneReadable(count: number, name: string, message: string): DataError {
  return new DataError(
    `Cannot load batches: at least one of ${count} images must be readable, got none; the first, ` +
      `${name}: ${message}`,
  );
}
