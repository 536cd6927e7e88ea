import { open, rename, rm, stat } from "node:fs/promises";

/** A checkpoint file that is missing, damaged, or does not hold what is asked of it. */
export class CheckpointError extends Error {
  override name = "CheckpointError";
}

/** Element types of the format that this project reads or writes, with their size in bytes. */
const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** Element type of a tensor in a safetensors file. */
export type SafetensorsDtype = keyof typeof DTYPE_BYTES;

/** One tensor of a file: raw little-endian bytes in row-major order. */
export interface SafetensorsEntry {
  dtype: SafetensorsDtype;
  shape: number[];
  data: Uint8Array;
}

/** The tensors of a file by name, in the file's order, and its free-form text metadata. */
export class SafetensorsMap extends Map<string, SafetensorsEntry> {
  constructor(readonly metadata: Record<string, string>) {
    super();
  }
}

/** One tensor to write; `data` is called when its turn comes, so large files need no large memory. */
export interface SafetensorsSource {
  name: string;
  dtype: SafetensorsDtype;
  shape: readonly number[];
  data: () => Promise<Uint8Array> | Uint8Array;
}

/** The format's own limit is 100 MB; a longer header is a damaged file. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads a safetensors file from memory; the entries are views of `bytes`, nothing is copied.
 *
 * @example
 * ```ts
 * import { readSafetensors } from "./safetensors.ts";
 *
 * const header = new TextEncoder().encode('{"bias":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}} ');
 * const file = new Uint8Array(8 + header.length + 2);
 * new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
 * file.set(header, 8);
 * console.log(readSafetensors(file, "example").get("bias")?.shape); // [2]
 * ```
 *
 * @param bytes The whole file.
 * @param name What the file is called in error messages.
 * @throws {CheckpointError} If the file is truncated or malformed.
 */
export function readSafetensors(bytes: Uint8Array, name = "safetensors file"): SafetensorsMap {
  if (bytes.length < 8) {
    throw malformed(name, "size", "be at least 8 bytes", `${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER_BYTES || 8 + headerLength > bytes.length) {
    throw malformed(name, "header length", `fit in the file's ${bytes.length} bytes`, headerLength);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), name);
  const tensors = new SafetensorsMap(header.metadata);
  const body = bytes.subarray(8 + headerLength);
  for (const [key, entry] of header.entries) {
    const [begin, end] = entry.data_offsets;
    if (end > body.length) {
      throw malformed(name, `end of "${key}"`, `lie within ${body.length} data bytes`, end);
    }
    tensors.set(key, { dtype: entry.dtype, shape: entry.shape, data: body.subarray(begin, end) });
  }
  return tensors;
}

interface HeaderEntry {
  dtype: SafetensorsDtype;
  shape: number[];
  data_offsets: [number, number];
}

function parseHeader(bytes: Uint8Array, name: string) {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(name, "header", "be JSON", `"${(error as Error).message}"`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw malformed(name, "header", "be a JSON object", JSON.stringify(json).slice(0, 40));
  }
  const { __metadata__, ...rest } = json as Record<string, unknown>;
  const entries = Object.entries(rest).map(([key, value]) =>
    [key, checkEntry(key, value, name)] as const
  );
  return { metadata: (__metadata__ ?? {}) as Record<string, string>, entries };
}

function checkEntry(key: string, value: unknown, name: string): HeaderEntry {
  const { dtype, shape, data_offsets } = (value ?? {}) as Partial<HeaderEntry>;
  if (dtype === undefined || !(dtype in DTYPE_BYTES)) {
    throw malformed(name, `dtype of "${key}"`, "be a known type", JSON.stringify(dtype));
  }
  if (!isSizes(shape)) {
    throw malformed(name, `shape of "${key}"`, "be a list of sizes", JSON.stringify(shape));
  }
  if (!isSizes(data_offsets) || data_offsets.length !== 2) {
    throw malformed(name, `offsets of "${key}"`, "be a pair", JSON.stringify(data_offsets));
  }
  const expected = byteLength(dtype, shape);
  const [begin, end] = data_offsets;
  if (end - begin !== expected) {
    throw malformed(name, `"${key}"`, `hold ${expected} bytes`, end - begin);
  }
  return { dtype, shape, data_offsets };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function byteLength(dtype: SafetensorsDtype, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
}

function malformed(name: string, what: string, must: string, got: string | number) {
  return new CheckpointError(
    `Cannot read "${name}": ${what} must ${must}, got ${got}; the file is damaged or incomplete`,
  );
}

/**
 * The values of a float tensor as an aligned Float32Array; F16, BF16 and F64 are converted.
 *
 * @throws {CheckpointError} If the tensor is absent or not of a float type.
 */
export function tensorF32(tensors: ReadonlyMap<string, SafetensorsEntry>, name: string) {
  const entry = tensors.get(name);
  if (entry === undefined) throw absent(tensors, name);
  const bytes = new Uint8Array(entry.data); // a copy: aligned, and free of the file's memory
  switch (entry.dtype) {
    case "F32":
      return new Float32Array(bytes.buffer);
    case "F64":
      return Float32Array.from(new Float64Array(bytes.buffer));
    case "F16":
      return Float32Array.from(new Float16Array(bytes.buffer));
    case "BF16": {
      const halves = new Uint16Array(bytes.buffer);
      const words = Uint32Array.from(halves, (half) => half << 16);
      return new Float32Array(words.buffer);
    }
    default:
      throw new CheckpointError(
        `Cannot read "${name}": dtype must be F32, F16, BF16 or F64, got ${entry.dtype}`,
      );
  }
}

/**
 * The values of an `I32` or `U8` tensor as an aligned Int32Array.
 *
 * @throws {CheckpointError} If the tensor is absent or of another type.
 */
export function tensorI32(tensors: ReadonlyMap<string, SafetensorsEntry>, name: string) {
  const entry = tensors.get(name);
  if (entry === undefined) throw absent(tensors, name);
  if (entry.dtype === "I32") return new Int32Array(new Uint8Array(entry.data).buffer);
  if (entry.dtype === "U8") return Int32Array.from(entry.data);
  throw new CheckpointError(`Cannot read "${name}": dtype must be I32 or U8, got ${entry.dtype}`);
}

function absent(tensors: ReadonlyMap<string, SafetensorsEntry>, name: string) {
  return new CheckpointError(`Cannot read "${name}": no such tensor among ${tensors.size}`);
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

/** Bytes per write call: one call of 2 GiB or more is cut short by the kernel. */
const WRITE_BYTES = 256 * 1024 * 1024;

async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array) {
  for (let offset = 0; offset < bytes.length;) {
    const part = bytes.subarray(offset, offset + WRITE_BYTES);
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
