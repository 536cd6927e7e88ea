import { DataError } from "../images/errors.ts";
import type { ImageProblem } from "../images/image_set.ts";

/** The error for images of which none can be read. */
export function noneReadable(
  what: string,
  [{ name, message }]: readonly ImageProblem[],
): DataError {
  return new DataError(
    `Cannot ${what}: at least one image must be readable, got none; ${name}: ${message}`,
  );
}
