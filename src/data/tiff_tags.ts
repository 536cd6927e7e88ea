/** Bytes of a value of each TIFF type that we read: 3 is 16 bits, 4 is 32 bits. */
const SHORT = 3;
const LONG = 4;

/** Tags that say how large an image is and which way is up. */
export const TIFF_TAG = { width: 256, height: 257, orientation: 274 } as const;

/**
 * The whole numbers in the first directory of a TIFF structure, which EXIF data is too, by tag.
 *
 * Of a tag with several values the first counts.
 *
 * @throws {RangeError} If the bytes are not such a structure, or it is cut off.
 */
export function tiffTags(bytes: Uint8Array): Map<number, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || view.getUint16(2, little) !== 42) {
    throw new RangeError("Cannot read tags: data must start as a TIFF file does");
  }
  const directory = view.getUint32(4, little);
  const tags = new Map<number, number>();
  for (let i = 0; i < view.getUint16(directory, little); i++) {
    const entry = directory + 2 + 12 * i;
    const [tag, type] = [view.getUint16(entry, little), view.getUint16(entry + 2, little)];
    if (type !== SHORT && type !== LONG) continue;
    const count = view.getUint32(entry + 4, little);
    const inline = count * (type === SHORT ? 2 : 4) <= 4;
    const at = inline ? entry + 8 : view.getUint32(entry + 8, little);
    if (at + 4 > bytes.length) continue; // a damaged value of a tag that may not matter
    tags.set(tag, type === SHORT ? view.getUint16(at, little) : view.getUint32(at, little));
  }
  return tags;
}

/** The orientation, 1 to 8, that EXIF data asks for; 1 (none) where it is missing or damaged. */
export function exifOrientation(exif: Uint8Array): number {
  try {
    return validOrientation(tiffTags(exif).get(TIFF_TAG.orientation));
  } catch {
    return 1;
  }
}

/** `value` if it is one of the eight orientations, else 1. */
export function validOrientation(value: number | undefined): number {
  return value !== undefined && value >= 1 && value <= 8 ? value : 1;
}
