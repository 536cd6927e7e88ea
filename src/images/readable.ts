import { decodeImage } from "./decode.ts";
import { DataError } from "./errors.ts";
import { type ImageSet, readImageBytes } from "./image_set.ts";

/** What training does with images. */
const LOAD = "load batches";

/**
 * Decodes images until one succeeds, the first of a usual set.
 *
 * @param what Cannot be done with them then, as the error has it.
 * @throws {DataError} If none can be read.
 */
export async function assertSomeReadable(images: ImageSet, what = LOAD): Promise<void> {
  let first = "";
  for (let i = 0; i < images.names.length; i++) {
    try {
      await decodeImage(await readImageBytes(images.location(i)));
      return;
    } catch (error) {
      first ||= error instanceof Error ? error.message : String(error);
    }
  }
  throw noneReadable(images.names.length, images.names[0], first, what);
}

/** What to say where no image can be read. */
export function noneReadable(
  count: number,
  name: string,
  message: string,
  what = LOAD,
): DataError {
  return new DataError(
    `Cannot ${what}: at least one of ${count} images must be readable, got none; the first, ` +
      `${name}: ${message}`,
  );
}
