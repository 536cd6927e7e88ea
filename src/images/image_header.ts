import { exifOrientation, TIFF_TAG, tiffTags, validOrientation } from "./tiff_tags.ts";

/** The formats that can be read, by the name that messages use. */
export const IMAGE_FORMATS = ["JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF", "PNM"] as const;

export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** What a file says of its image before it is decoded. */
export interface ImageHeader {
  format: ImageFormat;
  /** Size in pixels as stored, before the orientation is applied. */
  width: number;
  height: number;
  /** EXIF orientation, 1 to 8; 1 leaves the image as it is stored. */
  orientation: number;
}

type Size = Omit<ImageHeader, "format">;

/**
 * Reads format, size and orientation of an image from its first bytes, whatever its name.
 *
 * @param bytes The whole file; nothing is decoded and nothing allocated.
 * @throws {Error} If the bytes are no known format, or the header is cut off or without a size.
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const format = formatOf(bytes);
  let size: Size | undefined;
  try {
    size = READERS[format](bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it ran past the end
  }
  if (size === undefined || !(size.width > 0) || !(size.height > 0)) {
    throw new Error(
      `Cannot decode image: ${format} header must be complete and say a size, got ` +
        `${bytes.length} bytes without one; replace the file`,
    );
  }
  return { format, ...size };
}

/** Bytes that a format starts with; undefined stands for any. */
const SIGNATURES: [ImageFormat, (number | undefined)[]][] = [
  ["JPEG", [0xff, 0xd8]],
  ["PNG", [0x89, 0x50, 0x4e, 0x47]],
  ["GIF", [0x47, 0x49, 0x46, 0x38]],
  ["TIFF", [0x49, 0x49, 42, 0]],
  ["TIFF", [0x4d, 0x4d, 0, 42]],
  ["TIFF", [0x49, 0x49, 43, 0]], // BigTIFF
  ["TIFF", [0x4d, 0x4d, 0, 43]],
  ["WebP", [0x52, 0x49, 0x46, 0x46, ...Array(4), 0x57, 0x45, 0x42, 0x50]],
  ["BMP", [0x42, 0x4d]],
];

function formatOf(bytes: Uint8Array): ImageFormat {
  const known = SIGNATURES.find(([, signature]) =>
    bytes.length >= signature.length &&
    signature.every((byte, i) => byte === undefined || byte === bytes[i])
  );
  if (known) return known[0];
  const isPnm = bytes[0] === 0x50 && bytes[1] >= 0x31 && bytes[1] <= 0x36; // P1 to P6
  if (isPnm && isSpace(bytes[2])) return "PNM";
  const head = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
  const got = bytes.length === 0
    ? "an empty one; replace the file"
    : `${bytes.length} bytes that start with [${head.join(" ")}]; convert the file`;
  throw new Error(
    `Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or PGM, got ${got}`,
  );
}

const READERS: Record<ImageFormat, (bytes: Uint8Array, view: DataView) => Size | undefined> = {
  JPEG: readJpeg,
  PNG: readPng,
  WebP: readWebp,
  BMP: readBmp,
  GIF: readGif,
  TIFF: readTiff,
  PNM: readPnm,
};

function readJpeg(bytes: Uint8Array, view: DataView): Size | undefined {
  let [at, orientation] = [2, 1];
  while (true) {
    if (view.getUint8(at) !== 0xff) {
      at++; // a stray byte, which decoders pass over too
      continue;
    }
    const marker = view.getUint8(at + 1);
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2; // fill bytes, and markers without data
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) return undefined; // pixels before their size
    const length = view.getUint16(at + 2);
    if (length < 2) return undefined;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5), orientation };
    }
    if (marker === 0xe1 && textAt(bytes, at + 4, 6) === "Exif\0\0") {
      orientation = exifOrientation(bytes.subarray(at + 10, at + 2 + length));
    }
    at += 2 + length;
  }
}

function readPng(bytes: Uint8Array, view: DataView): Size | undefined {
  if (textAt(bytes, 12, 4) !== "IHDR") return undefined;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (textAt(bytes, at + 4, 4) === "eXIf") {
      const orientation = exifOrientation(bytes.subarray(at + 8, at + 8 + length));
      return { width, height, orientation };
    }
    at += 12 + length;
  }
  return { width, height, orientation: 1 };
}

function readWebp(bytes: Uint8Array, view: DataView): Size | undefined {
  const kind = textAt(bytes, 12, 4);
  if (kind === "VP8 ") {
    const [width, height] = [view.getUint16(26, true), view.getUint16(28, true)];
    return { width: width & 0x3fff, height: height & 0x3fff, orientation: 1 };
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1, orientation: 1 };
  }
  if (kind !== "VP8X") return undefined;
  const width = view.getUint16(24, true) + (view.getUint8(26) << 16) + 1;
  const height = view.getUint16(27, true) + (view.getUint8(29) << 16) + 1;
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (textAt(bytes, at, 4) === "EXIF") {
      const named = textAt(bytes, at + 8, 6) === "Exif\0\0" ? 6 : 0; // as some writers have it
      const orientation = exifOrientation(bytes.subarray(at + 8 + named, at + 8 + length));
      return { width, height, orientation };
    }
    at += 8 + length + length % 2;
  }
  return { width, height, orientation: 1 };
}

function readBmp(_: Uint8Array, view: DataView): Size {
  const old = view.getUint32(14, true) === 12; // OS/2's, with 16-bit sizes
  if (old) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true), orientation: 1 };
  }
  const height = Math.abs(view.getInt32(22, true)); // below 0 where rows go downwards
  return { width: view.getInt32(18, true), height, orientation: 1 };
}

/** The canvas, grown to the first frame where that reaches beyond it. */
function readGif(_: Uint8Array, view: DataView): Size | undefined {
  const tableAfter = (at: number) => (view.getUint8(at) & 0x80 ? 6 << (view.getUint8(at) & 7) : 0);
  let at = 13 + tableAfter(10);
  while (view.getUint8(at) === 0x21) { // an extension: its label, then blocks with their lengths
    at += 2;
    while (view.getUint8(at) !== 0) at += 1 + view.getUint8(at);
    at++;
  }
  if (view.getUint8(at) !== 0x2c) return undefined; // no frame
  const reach = (offset: number) => view.getUint16(at + offset, true);
  const width = Math.max(view.getUint16(6, true), reach(1) + reach(5));
  const height = Math.max(view.getUint16(8, true), reach(3) + reach(7));
  return { width, height, orientation: 1 };
}

function readTiff(bytes: Uint8Array): Size {
  const tags = tiffTags(bytes);
  const orientation = validOrientation(tags.get(TIFF_TAG.orientation));
  const [width, height] = [tags.get(TIFF_TAG.width), tags.get(TIFF_TAG.height)];
  return { width: width ?? 0, height: height ?? 0, orientation };
}

/** Two decimal numbers after the magic, between white space and comments. */
function readPnm(_: Uint8Array, view: DataView): Size {
  const numbers: number[] = [];
  for (let at = 2; numbers.length < 2;) {
    let byte = view.getUint8(at++);
    if (isSpace(byte)) continue;
    if (byte === 0x23) { // a comment, to the end of its line
      while (byte !== 0x0a && byte !== 0x0d) byte = view.getUint8(at++);
      continue;
    }
    let value = 0;
    for (; !isSpace(byte); byte = view.getUint8(at++)) value = value * 10 + byte - 0x30;
    numbers.push(value);
  }
  const [width, height] = numbers;
  return { width, height, orientation: 1 };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
