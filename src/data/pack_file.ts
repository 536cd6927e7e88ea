// The file format of packs, little-endian:
//   0  "DENOPACK"            24  u32 length of the origin, JSON
//   8  u32 version           28  u32 CRC-32 of index and origin
//  12  u32 images            32  key: SHA-256 of version and origin
//  16  u64 place of the origin, at the end of the file
//  64  index, 24 bytes an image: u32 width, height, channels, CRC-32, u64 place of the pixels;
//      zeros for an image that could not be read
//      pixels, each image on a word boundary
import { stat } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { DataError } from "../images/errors.ts";
import { packKey, type PackOrigin } from "./pack_origin.ts";
import { type OpenFile, openFile, readAt } from "../files/positioned_read.ts";

/** To be raised with every change of the format, of decoders or of the reduction. */
export const PACK_VERSION = 1;

/** Where the index begins. */
export const HEADER_BYTES = 64;

const MAGIC = new TextEncoder().encode("DENOPACK");
const ENTRY_BYTES = 24;

/** One image in a pack. */
export interface PackEntry {
  width: number;
  height: number;
  channels: number;
  crc32: number;
  /** Where its pixels begin, in bytes. */
  offset: number;
}

/** Where the images of a pack are, by their places in the set. */
export class PackIndex {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(images: number) {
    this.bytes = new Uint8Array(images * ENTRY_BYTES);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** The entry of an image; undefined for one that is not in the pack. */
  get(index: number): PackEntry | undefined {
    const at = index * ENTRY_BYTES;
    const [width, height, channels, crc32] = [0, 4, 8, 12].map((place) =>
      this.#view.getUint32(at + place, true)
    );
    if (width === 0) return undefined;
    return { width, height, channels, crc32, offset: readPlace(this.#view, at + 16) };
  }

  set(index: number, { width, height, channels, crc32, offset }: PackEntry): void {
    const at = index * ENTRY_BYTES;
    [width, height, channels, crc32].forEach((value, i) =>
      this.#view.setUint32(at + 4 * i, value, true)
    );
    this.#view.setBigUint64(at + 16, BigInt(offset), true);
  }
}

/** A pack that is whole, as far as can be told without reading its pixels. */
export interface Pack {
  path: string;
  index: PackIndex;
  origin: PackOrigin;
  key: Uint8Array;
}

/** Bytes that the pixels of an image take in a pack. */
export function packedBytes(image: Pick<PackEntry, "width" | "height" | "channels">): number {
  return Math.ceil(image.width * image.height * image.channels / 4) * 4;
}

/** The first bytes of a pack. */
export function packHeader(index: PackIndex, origin: PackOrigin, originPlace: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const text = originBytes(origin);
  bytes.set(MAGIC);
  view.setUint32(8, PACK_VERSION, true);
  view.setUint32(12, origin.images, true);
  view.setBigUint64(16, BigInt(originPlace), true);
  view.setUint32(24, text.length, true);
  view.setUint32(28, crc32(text, crc32(index.bytes)), true);
  bytes.set(packKey(origin, PACK_VERSION), 32);
  return bytes;
}

/** An origin as a pack holds it. */
export function originBytes(origin: PackOrigin): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(origin));
}

/**
 * Opens a pack.
 *
 * @returns undefined if there is no file; what is wrong with it if it is of no use.
 * @throws {DataError} If there is something else at its path, which must not be replaced.
 */
export async function readPack(path: string): Promise<Pack | string | undefined> {
  const info = await stat(path).catch((error: Error & { code?: string }) => {
    if (error.code === "ENOENT") return undefined;
    throw foreignError(`"${path}" (${error.code ?? error.message})`);
  });
  if (info === undefined) return undefined;
  if (!info.isFile()) {
    throw foreignError(info.isDirectory() ? `the folder "${path}"` : `"${path}"`);
  }
  const file = await openFile(path);
  try {
    return await readParts(file);
  } finally {
    await file.handle.close();
  }
}

async function readParts(file: OpenFile): Promise<Pack | string> {
  const { path, sizeBytes } = file;
  const header = new Uint8Array(HEADER_BYTES);
  const length = await readAt(file, header, 0);
  if (length < MAGIC.length || !MAGIC.every((byte, i) => header[i] === byte)) {
    const head = [...header.subarray(0, Math.min(length, MAGIC.length))];
    const bytes = head.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw foreignError(`"${path}" that starts with [${bytes}]`);
  }
  const view = new DataView(header.buffer);
  const version = view.getUint32(8, true);
  if (version !== PACK_VERSION) {
    return `"${path}" must have version ${PACK_VERSION}, got ${version}`;
  }
  const [images, originLength] = [view.getUint32(12, true), view.getUint32(24, true)];
  const originPlace = readPlace(view, 16);
  const size = originPlace + originLength;
  const least = HEADER_BYTES + images * ENTRY_BYTES;
  if (size !== sizeBytes || originPlace < least) { // before anything is allocated
    return `"${path}" must have ${Math.max(size, least)} bytes, got ${sizeBytes}`;
  }
  const [index, text] = [new PackIndex(images), new Uint8Array(originLength)];
  await readAt(file, index.bytes, HEADER_BYTES);
  await readAt(file, text, originPlace);
  if (crc32(text, crc32(index.bytes)) !== view.getUint32(28, true)) {
    return `"${path}" must have an intact index, got a damaged one`;
  }
  const origin = JSON.parse(new TextDecoder().decode(text)) as PackOrigin;
  return { path, index, origin, key: header.subarray(32) };
}

function readPlace(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function foreignError(got: string): DataError {
  return new DataError(
    `Cannot pack images: cache_disk must be the path of a pack or of no file yet, got ${got}; ` +
      `choose another`,
  );
}
