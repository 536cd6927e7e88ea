/** Types of the whole numbers that we read, and their bytes; 16 is BigTIFF's. */
const TYPE_BYTES: Record<number, number> = { 3: 2, 4: 4, 16: 8 };

/** Tags that say how large an image is and which way is up. */
export const TIFF_TAG = { width: 256, height: 257, orientation: 274 } as const;

/**
 * The whole numbers in the first directory of a TIFF or BigTIFF structure, which EXIF data is too,
 * by tag.
 *
 * Of a tag with several values the first counts.
 *
 * @throws {RangeError} If the bytes are not such a structure, or it is cut off.
 */
export function tiffTags(bytes: Uint8Array): Map<number, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = view.getUint16(0);
  const little = order === 0x4949;
  const version = view.getUint16(2, little);
  if ((!little && order !== 0x4d4d) || (version !== 42 && version !== 43)) {
    throw new RangeError("Cannot read tags: data must start as a TIFF file does");
  }
  const big = version === 43;
  /** An offset or a count, of 4 bytes or in a BigTIFF of 8. */
  const wordAt = (at: number) =>
    big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const [countBytes, entryBytes, wordBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const directory = wordAt(big ? 8 : 4);
  const entries = big ? wordAt(directory) : view.getUint16(directory, little);
  const tags = new Map<number, number>();
  for (let i = 0; i < entries; i++) {
    const entry = directory + countBytes + entryBytes * i;
    const [tag, type] = [view.getUint16(entry, little), view.getUint16(entry + 2, little)];
    const size = TYPE_BYTES[type];
    if (size === undefined) continue;
    const value = entry + 4 + wordBytes;
    const at = wordAt(entry + 4) * size <= wordBytes ? value : wordAt(value);
    if (at + Math.max(4, size) > bytes.length) continue; // a damaged value of a tag that may not matter
    tags.set(tag, numberAt(view, at, size, little));
  }
  return tags;
}

function numberAt(view: DataView, at: number, size: number, little: boolean): number {
  if (size === 2) return view.getUint16(at, little);
  return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
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
