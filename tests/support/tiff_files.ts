/** A TIFF file by its tags; those of the strips and of the size are written by themselves. */
export interface TiffFile {
  width: number;
  height: number;
  /** Values of each further tag, by its number: 16 bits where all of a tag fit, else 32. */
  tags: Record<number, number[]>;
  /** The coded samples. */
  data: ArrayLike<number>;
  /** BigTIFF, with 64-bit offsets. */
  big?: boolean;
  /** Strips of equal bytes; 0 where `tags` say how the image is tiled. */
  strips?: number;
  little?: boolean;
}

/** A TIFF file with all tags in the order that the format asks for. */
export function tiffOf(
  { width, height, tags, data, big = false, strips = 1, little = true }: TiffFile,
): Uint8Array<ArrayBuffer> {
  const [start, countBytes, entryBytes, word] = big ? [16, 8, 20, 8] : [8, 2, 12, 4];
  const all: Record<number, number[]> = {
    256: [width],
    257: [height],
    259: [1],
    273: Array(strips).fill(1 << 16), // where they lie is known below
    277: [tags[258]?.length ?? 1],
    278: [height / strips],
    279: Array(strips).fill(data.length / strips),
    ...tags,
  };
  if (strips === 0) { for (const tag of [273, 278, 279]) delete all[tag]; }
  const entries = Object.entries(all).map(([tag, values]) => {
    const size = values.every((value) => value < 1 << 16) ? 2 : 4;
    return { tag: Number(tag), values, size };
  });
  const valuesAt = start + countBytes + entryBytes * entries.length + word;
  const long = (values: number[], size: number) => values.length * size > word;
  const outside = entries.map(({ values, size }) => long(values, size) ? values.length * size : 0);
  const dataAt = valuesAt + outside.reduce((sum, bytes) => sum + bytes, 0);
  const file = new DataView(new ArrayBuffer(dataAt + data.length));
  const put = (at: number, size: number, value: number) => {
    if (size === 2) file.setUint16(at, value, little);
    else if (size === 4) file.setUint32(at, value, little);
    else file.setBigUint64(at, BigInt(value), little);
  };
  file.setUint16(0, little ? 0x4949 : 0x4d4d);
  put(2, 2, big ? 43 : 42);
  if (big) put(4, 2, 8);
  put(big ? 8 : 4, word, start);
  put(start, countBytes, entries.length);
  let free = valuesAt;
  entries.forEach(({ tag, values, size }, i) => {
    const entry = start + countBytes + entryBytes * i;
    put(entry, 2, tag);
    put(entry + 2, 2, size === 2 ? 3 : 4);
    put(entry + 4, word, values.length);
    const at = long(values, size) ? free : entry + 4 + word;
    if (at === free) {
      put(entry + 4 + word, word, at);
      free += outside[i];
    }
    const known = tag === 273 ? values.map((_, j) => dataAt + j * data.length / strips) : values;
    known.forEach((value, j) => put(at + j * size, size, value));
  });
  const bytes = new Uint8Array(file.buffer);
  bytes.set(data, dataAt);
  return bytes;
}

/** The bytes of 32-bit floats, little-endian. */
export function floatBytes(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
