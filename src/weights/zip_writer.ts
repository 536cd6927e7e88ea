import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { concatBytes } from "../files/concat_bytes.ts";
import { writeAll } from "../files/write_all.ts";

/** Fields of 32 bits that hold this say that the real number is in one of 64. */
const LARGE = 0xffffffff;
/** Directories of more members say their number in 64 bits. */
const MOST_MEMBERS = 0xffff;
/** PyTorch maps tensors into memory where they begin on such a boundary, in bytes. */
const ALIGNMENT = 64;
/** Version of the format that a reader needs for fields of 64 bits. */
const VERSION = 45;

interface Member {
  name: Uint8Array;
  crc: number;
  sizeBytes: number;
  at: number;
}

/**
 * Writes a zip archive member by member, as they are, each beginning on a boundary of 64 bytes; a
 * member may be larger than 4 GiB, and so may be the archive.
 */
export class ZipWriter {
  readonly #members: Member[] = [];
  #at = 0;

  constructor(readonly file: FileHandle) {}

  async add(name: string, bytes: Uint8Array): Promise<void> {
    await this.addParts(name, bytes.length, [bytes]);
  }

  /** Adds a member of `sizeBytes` that comes in parts, of which only one need be in memory. */
  async addParts(
    name: string,
    sizeBytes: number,
    parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const member = { name: new TextEncoder().encode(name), crc: 0, sizeBytes, at: this.#at };
    this.#members.push(member);
    await this.#write(localHeader(member));
    for await (const part of parts) {
      member.crc = crc32(part, member.crc);
      await this.#write(part);
    }
    await writeAll(this.file, localHeader(member), member.at); // now with the checksum
  }

  /** Writes the directory; nothing can be added then. */
  async finish(): Promise<void> {
    const start = this.#at;
    for (const member of this.#members) await this.#write(directoryEntry(member));
    await this.#write(endOfArchive(this.#members.length, start, this.#at - start));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.file, bytes, this.#at);
    this.#at += bytes.length;
  }
}

/** Bytes of fields, each a value and its size. */
function fields(...values: [value: number, bytes: 2 | 4 | 8][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of values) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

/** From the version to the length of the name; the time is the format's first day. */
function commonFields({ name, crc, sizeBytes }: Member): [number, 2 | 4 | 8][] {
  const [flags, method, time, date] = [0x800, 0, 0, 0x21]; // names in UTF-8, stored
  return [
    [VERSION, 2],
    [flags, 2],
    [method, 2],
    [time, 2],
    [date, 2],
    [crc, 4],
    [Math.min(sizeBytes, LARGE), 4],
    [Math.min(sizeBytes, LARGE), 4],
    [name.length, 2],
  ];
}

/** The extra field of numbers that do not fit into 32 bits; nothing if all do. */
function largeField(...values: number[]): Uint8Array {
  if (values.length === 0) return new Uint8Array();
  return fields([1, 2], [8 * values.length, 2], ...values.map((v): [number, 8] => [v, 8]));
}

/** Its size unpacked and packed, where it is large. */
function largeSizes({ sizeBytes }: Member): number[] {
  return sizeBytes >= LARGE ? [sizeBytes, sizeBytes] : [];
}

function localHeader(member: Member): Uint8Array {
  const large = largeField(...largeSizes(member));
  const fixed = 30 + member.name.length + large.length + 4; // with the head of the padding's field
  const padding = (ALIGNMENT - (member.at + fixed) % ALIGNMENT) % ALIGNMENT;
  const signature = "FB".charCodeAt(0) + 256 * "FB".charCodeAt(1); // PyTorch's mark for it
  return concatBytes([
    fields([0x04034b50, 4], ...commonFields(member), [large.length + 4 + padding, 2]),
    member.name,
    large,
    fields([signature, 2], [padding, 2]),
    new Uint8Array(padding),
  ]);
}

function directoryEntry(member: Member): Uint8Array {
  const isFar = member.at >= LARGE;
  const extra = largeField(...largeSizes(member), ...isFar ? [member.at] : []);
  return concatBytes([
    fields(
      [0x02014b50, 4],
      [VERSION, 2],
      ...commonFields(member),
      [extra.length, 2],
      [0, 2], // comment
      [0, 2], // disk
      [0, 2], // attributes
      [0, 4],
      [Math.min(member.at, LARGE), 4],
    ),
    member.name,
    extra,
  ]);
}

function endOfArchive(count: number, start: number, sizeBytes: number): Uint8Array {
  const isLarge = count >= MOST_MEMBERS || start >= LARGE;
  const end = fields(
    [0x06054b50, 4],
    [0, 4], // disks
    [isLarge ? MOST_MEMBERS : count, 2],
    [isLarge ? MOST_MEMBERS : count, 2],
    [isLarge ? LARGE : sizeBytes, 4],
    [isLarge ? LARGE : start, 4],
    [0, 2], // comment
  );
  if (!isLarge) return end;
  return concatBytes([
    fields(
      [0x06064b50, 4],
      [44, 8], // bytes that follow
      [VERSION, 2],
      [VERSION, 2],
      [0, 4], // disks
      [0, 4],
      [count, 8],
      [count, 8],
      [sizeBytes, 8],
      [start, 8],
    ),
    fields([0x07064b50, 4], [0, 4], [start + sizeBytes, 8], [1, 4]),
    end,
  ]);
}
