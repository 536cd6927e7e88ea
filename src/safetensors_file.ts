import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { writeAll } from "./files/write_all.ts";
import { writeWhole } from "./files/write_whole.ts";
import {
  absentTensor,
  byteLength,
  CheckpointError,
  entryF32,
  parseSafetensorsHeader,
  type SafetensorsDtype,
  type SafetensorsEntry,
  type SafetensorsHeaderEntry,
  safetensorsHeaderLength,
} from "./safetensors.ts";

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Bytes per read: one call of 2 GiB or more is cut short by the system. */
const CALL_BYTES = 256 * 1024 * 1024;

/** Bytes that are hashed at a time, so that a file is checked in little memory. */
const HASH_BYTES = 16 * 1024 * 1024;

/**
 * Where the metadata of a file that we wrote has its SHA-256, as hexadecimal digits: that of the
 * whole file, header included, with zeros in the place of these digits.
 */
export const HASH_KEY = "sha256";
const NO_HASH = "0".repeat(64);

/**
 * A safetensors file on disk, read tensor by tensor: only one need be in memory at a time.
 *
 * @example
 * ```ts
 * import { bytesOf, SafetensorsFile, writeSafetensors } from "./safetensors_file.ts";
 *
 * const path = await Deno.makeTempFile();
 * const data = () => bytesOf(Float32Array.of(1, 2));
 * await writeSafetensors(path, [{ name: "bias", dtype: "F32", shape: [2], data }]);
 * await using file = await SafetensorsFile.open(path);
 * console.log(await file.f32("bias")); // Float32Array(2) [ 1, 2 ]
 * ```
 */
export class SafetensorsFile {
  readonly #handle: FileHandle;
  readonly #dataStart: number;

  private constructor(
    handle: FileHandle,
    dataStart: number,
    readonly path: string,
    /** Free-form text; {@linkcode HASH_KEY} is ours. */
    readonly metadata: Readonly<Record<string, string>>,
    /** Type, shape and place of each tensor, in the file's order. */
    readonly entries: ReadonlyMap<string, SafetensorsHeaderEntry>,
  ) {
    this.#handle = handle;
    this.#dataStart = dataStart;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws {CheckpointError} If it is absent, truncated or malformed.
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await open(path, "r").catch((error: Error) => {
      throw new CheckpointError(`Cannot read "${path}": ${error.message}`);
    });
    try {
      const { size } = await handle.stat();
      const length = safetensorsHeaderLength(await readAt(handle, 0, 8), size, path);
      const header = parseSafetensorsHeader(await readAt(handle, 8, length), size, path);
      const entries = new Map(header.entries);
      return new SafetensorsFile(handle, 8 + length, path, header.metadata, entries);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Reads one tensor.
   *
   * @throws {CheckpointError} If the file has no such tensor.
   */
  async read(name: string): Promise<SafetensorsEntry> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw absentTensor(this.entries, name);
    const [begin, end] = entry.data_offsets;
    const data = await readAt(this.#handle, this.#dataStart + begin, end - begin);
    return { dtype: entry.dtype, shape: entry.shape, data };
  }

  /** Reads one float tensor as f32; F16, BF16 and F64 are converted. */
  async f32(name: string): Promise<Float32Array<ArrayBuffer>> {
    return entryF32(await this.read(name), name);
  }

  /**
   * Reads the whole file and holds it against the hash that it was written with.
   *
   * @returns False if it was written without one, so that nothing can be said.
   * @throws {CheckpointError} If a single bit of it is another.
   */
  async verify(): Promise<boolean> {
    const expected = this.metadata[HASH_KEY];
    if (expected === undefined) return false;
    const header = Buffer.from(await readAt(this.#handle, 0, this.#dataStart));
    const place = header.indexOf(expected);
    if (place >= 0) header.write(NO_HASH.slice(0, expected.length), place);
    const hash = createHash("sha256").update(header);
    const { size } = await this.#handle.stat();
    for (let at = this.#dataStart; at < size; at += HASH_BYTES) {
      hash.update(await readAt(this.#handle, at, Math.min(HASH_BYTES, size - at)));
    }
    const got = hash.digest("hex");
    if (got === expected) return true;
    throw new CheckpointError(
      `Cannot read "${this.path}": its SHA-256 must be ${expected}, got ${got}; the file is ` +
        "damaged",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** Reads `size` bytes from `position` on; fewer where the file ends. */
async function readAt(handle: FileHandle, position: number, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const length = Math.min(CALL_BYTES, size - done);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** One tensor to write; `data` is called when its turn comes, so that memory stays small. */
export interface SafetensorsSource {
  name: string;
  dtype: SafetensorsDtype;
  shape: readonly number[];
  data: () => Promise<Uint8Array> | Uint8Array;
}

/** The bytes of a typed array, without a copy: what {@linkcode SafetensorsSource.data} returns. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * Writes a safetensors file so that `path` holds either the old file or the whole new one.
 *
 * The data goes tensor by tensor into a temporary file beside `path`, which is synced to the disk
 * and renamed; a failure leaves `path` as it was and removes the temporary file.
 *
 * @param metadata Free-form text stored in the header, to which {@linkcode HASH_KEY} is added.
 * @throws {CheckpointError} If a tensor's data does not have the size of its shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorsSource[],
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeWhole(path, async (file) => {
    const header = (sha256: string) =>
      encodeHeader(tensors, { ...metadata, [HASH_KEY]: sha256 }, path);
    const hash = createHash("sha256").update(header(NO_HASH));
    await writeAll(file, header(NO_HASH));
    for (const { name, dtype, shape, data } of tensors) {
      const bytes = await data();
      if (bytes.length !== byteLength(dtype, shape)) {
        throw new CheckpointError(
          `Cannot write "${path}": "${name}" must hold ${byteLength(dtype, shape)} bytes ` +
            `for ${dtype} [${shape.join(", ")}], got ${bytes.length}`,
        );
      }
      hash.update(bytes);
      await writeAll(file, bytes);
    }
    await writeAll(file, header(hash.digest("hex")), 0);
  });
}

/**
 * What a file begins with: the length of the header, and the header.
 *
 * @param path What the file is called in error messages.
 * @param leastBytes Of all of it; spaces fill it up.
 * @throws {CheckpointError} If two tensors have the same name.
 */
export function encodeHeader(
  tensors: readonly Omit<SafetensorsSource, "data">[],
  metadata: Record<string, string>,
  path: string,
  leastBytes = 0,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    if (name in header) {
      throw new CheckpointError(
        `Cannot write "${path}": tensor name must be unique, got "${name}"`,
      );
    }
    const end = begin + byteLength(dtype, shape);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.max(json.length, leastBytes - 8);
  const padded = Math.ceil(length / 8) * 8; // keeps the data 8-byte aligned in the file
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
