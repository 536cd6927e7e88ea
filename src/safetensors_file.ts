import { open, rename, rm, stat } from "node:fs/promises";
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

/** Bytes per read or write call: one call of 2 GiB or more is cut short by the system. */
const CALL_BYTES = 256 * 1024 * 1024;

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
      return new SafetensorsFile(handle, 8 + length, header.metadata, entries);
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
 * @param metadata Free-form text stored in the header.
 * @throws {CheckpointError} If a tensor's data does not have the size of its shape.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorsSource[],
  metadata: Record<string, string> = {},
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await writeAll(file, encodeHeader(tensors, metadata, path));
      for (const { name, dtype, shape, data } of tensors) {
        const bytes = await data();
        if (bytes.length !== byteLength(dtype, shape)) {
          throw new CheckpointError(
            `Cannot write "${path}": "${name}" must hold ${byteLength(dtype, shape)} bytes ` +
              `for ${dtype} [${shape.join(", ")}], got ${bytes.length}`,
          );
        }
        await writeAll(file, bytes);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(path);
}

function encodeHeader(
  tensors: readonly SafetensorsSource[],
  metadata: Record<string, string>,
  path: string,
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    if (name === "__metadata__" || name in header) {
      throw new CheckpointError(
        `Cannot write "${path}": tensor name must be unique, got "${name}"`,
      );
    }
    const end = begin + byteLength(dtype, shape);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8; // keeps the data 8-byte aligned in the file
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}

async function writeAll(file: FileHandle, bytes: Uint8Array) {
  for (let offset = 0; offset < bytes.length;) {
    const part = bytes.subarray(offset, offset + CALL_BYTES);
    offset += (await file.write(part)).bytesWritten;
  }
}

/** Makes the rename itself durable, where the system can sync a folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
  if (!(await stat(folder)).isDirectory() || Deno.build.os === "windows") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
