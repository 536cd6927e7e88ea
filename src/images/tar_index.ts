// Where the images of a tar file are. Tar libraries stream a whole archive, which costs reading it
// all, and give its entries in order. Training wants them in any order: so only the headers are
// read here, and each image later where it lies. Nothing is unpacked.
import { isImage, isMacExtra } from "./file_kinds.ts";
import { type OpenFile, openFile } from "../files/positioned_read.ts";
import { TarExtensions } from "./tar_extensions.ts";
import { BLOCK_BYTES, parseTarHeader, shardError } from "./tar_header.ts";
import { HeaderReader } from "./tar_reader.ts";

/** The images of a shard, in the order of the file. */
export interface TarIndex {
  names: string[];
  offsets: number[];
  lengths: number[];
  /** Why there may be more that were not found. */
  problem?: string;
}

/** First bytes of compressed files. */
const COMPRESSIONS: [name: string, magic: number[]][] = [
  ["gzip", [0x1f, 0x8b]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/**
 * Lists the images of a tar file: old, ustar, pax or GNU.
 *
 * Where the file is damaged, the images before that place are listed and `problem` says what is
 * wrong; it never throws. A hard link to an image is one too, other links are not. An image that the file cuts off is listed: reading it fails.
 */
export async function indexTar(path: string): Promise<TarIndex> {
  const index: TarIndex = { names: [], offsets: [], lengths: [] };
  try {
    const file = await openFile(path);
    try {
      await addImages(file, index);
    } finally {
      await file.handle.close();
    }
  } catch (error) {
    index.problem = error instanceof Error ? error.message : String(error);
  }
  return index;
}

async function addImages(file: OpenFile, index: TarIndex): Promise<void> {
  const reader = new HeaderReader(file);
  refuseCompressed(await reader.read(0, BLOCK_BYTES));
  const extensions = new TarExtensions();
  const links = new HardLinks(index);
  for (let at = 0; at < file.sizeBytes;) {
    const block = await reader.read(at, BLOCK_BYTES);
    const start = at + BLOCK_BYTES;
    at = start;
    if (block.every((byte) => byte === 0)) continue; // the end, another archive, or a hole
    const header = parseTarHeader(block, start - BLOCK_BYTES);
    if (extensions.has(header.type)) {
      const data = await reader.readExtension(start, header.sizeBytes);
      extensions.add(header.type, data, start);
      at += paddedSize(header.sizeBytes);
      continue;
    }
    const { name, type, target, sizeBytes } = extensions.appliedTo(header, start);
    const image = isFile(type) ? imageName(name) : undefined;
    if (image !== undefined) addImage(index, image, start, sizeBytes);
    if (type === HARD_LINK) links.add(name, target);
    if (isWithoutData(type)) continue;
    const left = file.sizeBytes - start;
    if (sizeBytes > left && image === undefined) {
      throw shardError(`entry at byte ${start} must hold ${sizeBytes} bytes, got ${left}`);
    }
    at += paddedSize(sizeBytes);
  }
}

function addImage(index: TarIndex, name: string, offset: number, length: number): void {
  index.names.push(name);
  index.offsets.push(offset);
  index.lengths.push(length);
}

/** Adds the further names of images; what it looks them up in is made for the first of them. */
class HardLinks {
  readonly #index: TarIndex;
  readonly #places = new Map<string, number>();
  #known = 0; // images that can be looked up

  constructor(index: TarIndex) {
    this.#index = index;
  }

  /** Adds an image under another name; nothing if no such image came before. */
  add(name: string, target: string): void {
    const [image, { names, offsets, lengths }] = [imageName(name), this.#index];
    if (image === undefined) return;
    for (let i = this.#known; i < names.length; i++) this.#places.set(names[i], i);
    this.#known = names.length;
    const place = this.#places.get(imageName(target) ?? "");
    if (place !== undefined) addImage(this.#index, image, offsets[place], lengths[place]);
  }
}

/** An entry's name without `/` and `./` at its start; none if it is no image or leads elsewhere. */
function imageName(name: string): string | undefined {
  if (!isImage(name)) return undefined;
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.some((part) => part === ".." || isMacExtra(part)) ? undefined : parts.join("/");
}

function isFile(type: string): boolean {
  return type === "0" || type === "\0" || type === "7"; // now, in old files, and contiguous
}

/** The second name of a file, as archives of folders with such files have it. */
const HARD_LINK = "1";

/** Links, devices, folders and pipes: no data follows, whatever their size is. */
function isWithoutData(type: string): boolean {
  return type >= "1" && type <= "6";
}

function paddedSize(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function refuseCompressed(start: Uint8Array): void {
  for (const [name, magic] of COMPRESSIONS) {
    if (!magic.every((byte, i) => start[i] === byte)) continue;
    throw new Error(
      `Cannot index shard: it must not be compressed, as images are read from its middle, got ` +
        `${name}; uncompress it`,
    );
  }
}
