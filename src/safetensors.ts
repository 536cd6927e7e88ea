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

/** The format's own limit is 100 MB; a longer header is a damaged file. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads a safetensors file from memory; the entries are views of `bytes`, nothing is copied.
 *
 * @example
 * ```ts
 * import { readSafetensors } from "./safetensors.ts";
 *
 * const json = '{"bias":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}} ';
 * const header = new TextEncoder().encode(json);
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
  const headerLength = safetensorsHeaderLength(bytes.subarray(0, 8), bytes.length, name);
  const header = parseSafetensorsHeader(bytes.subarray(8, 8 + headerLength), bytes.length, name);
  const tensors = new SafetensorsMap(header.metadata);
  const body = bytes.subarray(8 + headerLength);
  for (const [key, { dtype, shape, data_offsets: [begin, end] }] of header.entries) {
    tensors.set(key, { dtype, shape, data: body.subarray(begin, end) });
  }
  return tensors;
}

/** What the header says of a tensor; offsets count from the end of the header. */
export interface SafetensorsHeaderEntry {
  dtype: SafetensorsDtype;
  shape: number[];
  data_offsets: [begin: number, end: number];
}

/**
 * The length of the header, from the first 8 bytes of a file.
 *
 * @throws {CheckpointError} If it does not fit in the file.
 */
export function safetensorsHeaderLength(start: Uint8Array, fileSize: number, name: string): number {
  if (start.length < 8) throw malformed(name, "size", "be at least 8 bytes", start.length);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > fileSize) {
    throw malformed(name, "header length", `fit in the file's ${fileSize} bytes`, length);
  }
  return length;
}

/**
 * Parses and checks the header of a file of `fileSize` bytes.
 *
 * @throws {CheckpointError} If it is malformed or names data that the file does not have.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number, name: string) {
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
  const dataSize = fileSize - 8 - bytes.length;
  const entries = Object.entries(rest).map(([key, value]) =>
    [key, checkEntry(key, value, dataSize, name)] as const
  );
  return { metadata: (__metadata__ ?? {}) as Record<string, string>, entries };
}

function checkEntry(
  key: string,
  value: unknown,
  dataSize: number,
  name: string,
): SafetensorsHeaderEntry {
  const { dtype, shape, data_offsets } = (value ?? {}) as Partial<SafetensorsHeaderEntry>;
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
  if (end > dataSize) {
    throw malformed(name, `end of "${key}"`, `lie within ${dataSize} data bytes`, end);
  }
  return { dtype, shape, data_offsets };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Bytes of a tensor's data. */
export function byteLength(dtype: SafetensorsDtype, shape: readonly number[]): number {
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
  if (entry === undefined) throw absentTensor(tensors, name);
  return entryF32(entry, name);
}

/**
 * As {@linkcode tensorF32}, for an entry at hand.
 *
 * @throws {CheckpointError} If the entry is not of a float type.
 */
export function entryF32(entry: SafetensorsEntry, name: string): Float32Array<ArrayBuffer> {
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
  if (entry === undefined) throw absentTensor(tensors, name);
  if (entry.dtype === "I32") return new Int32Array(new Uint8Array(entry.data).buffer);
  if (entry.dtype === "U8") return Int32Array.from(entry.data);
  throw new CheckpointError(`Cannot read "${name}": dtype must be I32 or U8, got ${entry.dtype}`);
}

/** The error for a tensor that a file does not have. */
export function absentTensor(tensors: ReadonlyMap<string, unknown>, name: string) {
  return new CheckpointError(`Cannot read "${name}": no such tensor among ${tensors.size}`);
}
