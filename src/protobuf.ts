import { concatBytes } from "./files/concat_bytes.ts";

/** How protobuf stores a field. */
const WIRE = { varint: 0, bits64: 1, bytes: 2, bits32: 5 } as const;

type Bytes = ArrayLike<number>;

/** Bytes that are made only when they are written, so that large ones need not be in memory. */
export interface LateBytes {
  readonly length: number;
  readonly make: () => Promise<Uint8Array>;
}

/** A message in parts, to be written one after another. */
export type MessageParts = readonly (Uint8Array | LateBytes)[];

/** A whole number of at least 0. */
export function varintField(field: number, value: number): Uint8Array {
  return concatBytes([key(field, WIRE.varint), varint(value)]);
}

/** A number of 64 bits. */
export function doubleField(field: number, value: number): Uint8Array {
  const data = new DataView(new ArrayBuffer(8));
  data.setFloat64(0, value, true);
  return concatBytes([key(field, WIRE.bits64), new Uint8Array(data.buffer)]);
}

/** A number of 32 bits. */
export function floatField(field: number, value: number): Uint8Array {
  const data = new DataView(new ArrayBuffer(4));
  data.setFloat32(0, value, true);
  return concatBytes([key(field, WIRE.bits32), new Uint8Array(data.buffer)]);
}

/** Text in UTF-8. */
export function textField(field: number, value: string): Uint8Array {
  return messageField(field, [new TextEncoder().encode(value)]);
}

/** A message inside another, from its fields. */
export function messageField(field: number, parts: readonly Bytes[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return concatBytes([key(field, WIRE.bytes), varint(length), ...parts]);
}

/** The same where some bytes come late: what precedes them says how many there will be. */
export function messageParts(field: number, parts: MessageParts): MessageParts {
  const head = [key(field, WIRE.bytes), varint(lengthOf(parts))];
  return [concatBytes(head), ...parts];
}

/** Bytes of a message. */
export function lengthOf(parts: MessageParts): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function key(field: number, wire: number): Bytes {
  return varint(field * 8 + wire);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
}
