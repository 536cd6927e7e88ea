/** Everything in a tar is a multiple of this many bytes. */
export const BLOCK_BYTES = 512;

/** What a header block says of the entry that follows it. */
export interface TarHeader {
  name: string;
  sizeBytes: number;
  /** Its letter: "0" or NUL for a file, "5" for a folder, "x" for a pax header. */
  type: string;
  /** Of a link, the name of the entry that it stands for. */
  target: string;
}

const USTAR = [..."ustar\0"].map((letter) => letter.charCodeAt(0));
const TEXT = new TextDecoder(); // lenient: names are shown and sorted, never opened

/**
 * Reads a header block: old, ustar or GNU.
 *
 * @param at Where the block is in its file, for messages.
 * @throws {Error} If it is not a whole header.
 */
export function parseTarHeader(block: Uint8Array, at: number): TarHeader {
  if (block.length < BLOCK_BYTES) {
    throw shardError(`header at byte ${at} must hold ${BLOCK_BYTES} bytes, got ${block.length}`);
  }
  const sum = checksumOf(block);
  const told = octal(block.subarray(148, 156));
  if (told !== sum.unsigned && told !== sum.signed) {
    throw shardError(`header at byte ${at} must have checksum ${sum.unsigned}, got ${shown(told)}`);
  }
  const sizeBytes = sizeOf(block.subarray(124, 136));
  if (!Number.isSafeInteger(sizeBytes)) {
    throw shardError(`header at byte ${at} must have a size, got ${shown(sizeBytes)}`);
  }
  const isPosix = USTAR.every((byte, i) => block[257 + i] === byte); // GNU has no prefix there
  const prefix = isPosix ? textOf(block.subarray(345, 500)) : "";
  const name = textOf(block.subarray(0, 100));
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    sizeBytes,
    type: String.fromCharCode(block[156]),
    target: textOf(block.subarray(157, 257)),
  };
}

/** The text of a field, which ends with a NUL or is full. */
export function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  if (end === 0) return "";
  return TEXT.decode(end < 0 ? field : field.subarray(0, end));
}

/** What is wrong with a shard; all before that place can still be used. */
export function shardError(problem: string): Error {
  return new Error(
    `Cannot index shard: ${problem}; copy or make it again, for what follows is left out`,
  );
}

/** The sum of all bytes, with the checksum's own as spaces; old writers took bytes as signed. */
function checksumOf(block: Uint8Array): { unsigned: number; signed: number } {
  let [unsigned, signed] = [0, 0];
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : block[i];
    unsigned += byte;
    signed += byte - (byte > 127 ? 256 : 0);
  }
  return { unsigned, signed };
}

/** Octal digits with spaces or NULs around them, none for 0; NaN for anything else. */
function octal(field: Uint8Array): number {
  const isPadding = (byte: number) => byte === 0x20 || byte === 0;
  let [i, value] = [0, 0];
  while (i < field.length && isPadding(field[i])) i++;
  for (; i < field.length && !isPadding(field[i]); i++) {
    const digit = field[i] - 0x30;
    if (digit < 0 || digit > 7) return NaN;
    value = value * 8 + digit;
  }
  return value;
}

function shown(value: number): string {
  return Number.isNaN(value) ? "no number" : String(value);
}

/** Octal, or GNU's binary form, marked by the highest bit, for 8 GiB and more. */
function sizeOf(field: Uint8Array): number {
  if (field[0] < 0x80) return octal(field);
  return field.subarray(1).reduce((size, byte) => size * 256 + byte, field[0] === 0x80 ? 0 : NaN);
}
