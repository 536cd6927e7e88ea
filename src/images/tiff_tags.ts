/** Bytes of a value of each type that the format knows; 16 to 18 are BigTIFF's. */
const TYPE_BYTES: Record<number, number> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 },
  ...{ 16: 8, 17: 8, 18: 8 },
};

/** Types of the whole numbers that we read. */
const WHOLE_TYPES = [3, 4, 16];

/** Tags that say how large an image is and which way is up. */
export const TIFF_TAG = { width: 256, height: 257, orientation: 274 } as const;

/** The values of a tag. */
interface Entry {
  tag: number;
  type: number;
  /** Bytes of a value. */
  size: number;
  /** How many there are, and where the first lies. */
  count: number;
  at: number;
}

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
  const little = view.getUint16(0) === 0x4949;
  const tags = new Map<number, number>();
  for (const { tag, type, size, at } of entriesOf(view)) {
    if (!WHOLE_TYPES.includes(type)) continue;
    if (at + Math.max(4, size) > bytes.length) continue; // damaged, of a tag that may not matter
    tags.set(tag, numberAt(view, at, size, little));
  }
  return tags;
}

/**
 * Whether all values of the first directory lie in the file; a decoder that trusts a damaged count
 * would make room for gigabytes.
 *
 * @throws {RangeError} As {@linkcode tiffTags}.
 */
export function hasAllTiffValues(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { size, count, at } of entriesOf(view)) {
    if (at + size * count > bytes.length) return false;
  }
  return true;
}

/** The entries of the first directory. */
function* entriesOf(view: DataView): Generator<Entry> {
  const order = view.getUint16(0);
  const little = order === 0x4949;
  const version = view.getUint16(2, little);
  if ((!little && order !== 0x4d4d) || (version !== 42 && version !== 43)) {
    throw new RangeError("Cannot read tags: data must start as a TIFF file does");
  }
  const big = version === 43;
  /** An offset or a count, of 4 bytes or in a BigTIFF of 8. */
  const wordAt = (at: number) => numberAt(view, at, big ? 8 : 4, little);
  const [countBytes, entryBytes, wordBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const directory = wordAt(big ? 8 : 4);
  const entries = numberAt(view, directory, countBytes, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + countBytes + entryBytes * i;
    const [tag, type] = [view.getUint16(entry, little), view.getUint16(entry + 2, little)];
    const count = wordAt(entry + 4);
    const size = TYPE_BYTES[type] ?? 0;
    const inline = entry + 4 + wordBytes;
    const at = size * count <= wordBytes ? inline : wordAt(inline);
    yield { tag, type, size, count, at };
  }
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
