import { inflateRawSync } from "node:zlib";
import { CheckpointError } from "../safetensors.ts";
import { type OpenFile, openFile, readAt } from "../files/positioned_read.ts";

/** A member of a zip archive. */
export interface ZipMember {
  name: string;
  /** 0: stored, 8: deflated. */
  method: number;
  /** Bytes in the archive, and unpacked. */
  packedBytes: number;
  sizeBytes: number;
  /** Where its own header begins. */
  headerAt: number;
}

/** Sizes of the fixed parts of the format, and what they begin with. */
const END = { bytes: 22, mark: 0x06054b50 };
const END64_LOCATOR = { bytes: 20, mark: 0x07064b50 };
const END64 = { bytes: 56, mark: 0x06064b50 };
const ENTRY = { bytes: 46, mark: 0x02014b50 };
const LOCAL = { bytes: 30, mark: 0x04034b50 };

const LARGE = 0xffffffff; // the real number is in an extra field of 64 bits
const MOST_COMMENT = 65_535;
/** A directory past this is damaged: 4000 tensors need half a MiB. */
const MOST_DIRECTORY = 64 * 2 ** 20;
/** Deflated members are small ones: PyTorch stores tensors as they are. */
const MOST_INFLATED = 64 * 2 ** 20;

/**
 * A zip archive whose members are read one at a time, where they lie.
 *
 * Ours, as libraries want the whole archive in memory, and weights may be larger than that. Names
 * of members are names and nothing else: nothing is ever written.
 */
export class ZipFile {
  readonly #file: OpenFile;

  private constructor(file: OpenFile, readonly members: ReadonlyMap<string, ZipMember>) {
    this.#file = file;
  }

  /** @throws {CheckpointError} If the file is no whole archive. */
  static async open(path: string): Promise<ZipFile> {
    const file = await openFile(path).catch((error: Error) => {
      throw new CheckpointError(`Cannot read "${path}": ${error.message}`);
    });
    try {
      return new ZipFile(file, await readDirectory(file));
    } catch (error) {
      await file.handle.close();
      throw error;
    }
  }

  /**
   * The bytes of a member, or a part of one that is stored.
   *
   * @throws {CheckpointError} If there is no such member, or it is cut off.
   */
  async read(name: string, offset = 0, length?: number): Promise<Uint8Array<ArrayBuffer>> {
    const member = this.members.get(name);
    if (member === undefined) throw refusal(this.#file, `hold ${name}, got no such member`);
    const local = await bytesAt(this.#file, member.headerAt, LOCAL.bytes);
    if (local.getUint32(0, true) !== LOCAL.mark) {
      throw refusal(this.#file, `hold ${name} where it says, got other bytes there`);
    }
    const start = member.headerAt + LOCAL.bytes + local.getUint16(26, true) +
      local.getUint16(28, true);
    if (member.method === 0) {
      const wanted = length ?? member.sizeBytes - offset;
      if (offset < 0 || wanted < 0 || offset + wanted > member.sizeBytes) {
        throw refusal(
          this.#file,
          `hold ${offset + wanted} bytes of ${name}, got ${member.sizeBytes}`,
        );
      }
      return new Uint8Array((await bytesAt(this.#file, start + offset, wanted)).buffer);
    }
    if (member.method !== 8 || member.sizeBytes > MOST_INFLATED) {
      throw refusal(
        this.#file,
        `store ${name} as it is or deflated and small, got method ${member.method}`,
      );
    }
    const packed = await bytesAt(this.#file, start, member.packedBytes);
    try {
      const whole = inflateRawSync(new Uint8Array(packed.buffer), {
        maxOutputLength: MOST_INFLATED,
      });
      return Uint8Array.from(whole).slice(
        offset,
        length === undefined ? undefined : offset + length,
      );
    } catch (error) {
      throw refusal(this.#file, `hold ${name} intact, got ${(error as Error).message}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.handle.close();
  }
}

/** Finds the directory from the archive's end, where its size and place stand. */
async function readDirectory(file: OpenFile): Promise<Map<string, ZipMember>> {
  const tailBytes = Math.min(file.sizeBytes, END.bytes + MOST_COMMENT);
  const tailAt = file.sizeBytes - tailBytes;
  const tail = await bytesAt(file, tailAt, tailBytes);
  let at = tailBytes - END.bytes;
  while (at >= 0 && tail.getUint32(at, true) !== END.mark) at--;
  if (at < 0) throw refusal(file, "end as a zip archive does, got another end");
  let [count, sizeBytes, start] = [
    tail.getUint16(at + 10, true),
    tail.getUint32(at + 12, true),
    tail.getUint32(at + 16, true),
  ];
  if (count === 0xffff || sizeBytes === LARGE || start === LARGE) {
    const locator = await bytesAt(file, tailAt + at - END64_LOCATOR.bytes, END64_LOCATOR.bytes);
    if (locator.getUint32(0, true) !== END64_LOCATOR.mark) {
      throw refusal(file, "say where its large directory is, got no such note");
    }
    const end = await bytesAt(file, u64(locator, 8), END64.bytes);
    if (end.getUint32(0, true) !== END64.mark) {
      throw refusal(file, "hold its large directory where it says, got other bytes there");
    }
    [count, sizeBytes, start] = [u64(end, 32), u64(end, 40), u64(end, 48)];
  }
  if (sizeBytes > MOST_DIRECTORY) {
    throw refusal(file, `have a directory of a sane size, got ${sizeBytes} bytes`);
  }
  return readEntries(file, await bytesAt(file, start, sizeBytes), count);
}

function readEntries(file: OpenFile, directory: DataView, count: number): Map<string, ZipMember> {
  const members = new Map<string, ZipMember>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY.bytes > directory.byteLength || directory.getUint32(at, true) !== ENTRY.mark) {
      throw refusal(file, `list ${count} members, got ${i}`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      directory.getUint16(at + field, true)
    );
    const end = at + ENTRY.bytes + nameLength + extraLength + commentLength;
    if (end > directory.byteLength) throw refusal(file, `list ${count} members, got ${i}`);
    const name = new TextDecoder().decode(
      new Uint8Array(directory.buffer, at + ENTRY.bytes, nameLength),
    );
    const extra = new DataView(directory.buffer, at + ENTRY.bytes + nameLength, extraLength);
    const [sizeBytes, packedBytes, headerAt] = largeFields(extra, [
      directory.getUint32(at + 24, true),
      directory.getUint32(at + 20, true),
      directory.getUint32(at + 42, true),
    ]);
    const method = directory.getUint16(at + 10, true);
    members.set(name, { name, method, packedBytes, sizeBytes, headerAt });
    at = end;
  }
  return members;
}

/** Fields of 32 bits, or what an extra field says of those that do not fit. */
function largeFields(extra: DataView, fields: number[]): number[] {
  let wide: DataView | undefined;
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const length = extra.getUint16(at + 2, true);
    if (extra.getUint16(at, true) === 1 && at + 4 + length <= extra.byteLength) {
      wide = new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    }
    at += 4 + length;
  }
  let next = 0;
  return fields.map((value) => {
    if (value !== LARGE || wide === undefined || next + 8 > wide.byteLength) return value;
    next += 8;
    return u64(wide, next - 8);
  });
}

function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** Bytes of the file, which must be there: nothing is allocated for a place beyond its end. */
async function bytesAt(file: OpenFile, at: number, length: number): Promise<DataView<ArrayBuffer>> {
  if (at < 0 || length < 0 || at + length > file.sizeBytes) {
    throw refusal(
      file,
      `hold ${length} bytes from byte ${at} on, got ${file.sizeBytes} bytes in all`,
    );
  }
  const bytes = new Uint8Array(length);
  if (await readAt(file, bytes, at) < length) throw refusal(file, "stay as it is while it is read");
  return new DataView(bytes.buffer);
}

function refusal({ path }: OpenFile, wanted: string): CheckpointError {
  return new CheckpointError(`Cannot read "${path}": it must ${wanted}; copy the file again`);
}
