import { concatBytes } from "../files/concat_bytes.ts";

/** What an event of a TensorBoard file says, one of these. */
export type EventContent =
  /** The first event of every file. */
  | { kind: "version" }
  /** A run goes on at the event's step: readers drop what they have from it on. */
  | { kind: "restart" }
  /** Numbers by tag. */
  | { kind: "scalars"; scalars: Readonly<Record<string, number>> };

/** Fields of the protobuf messages, by their number; `event.proto` and `summary.proto` name them. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const SUMMARY = { value: 1 } as const;
const VALUE = { tag: 1, simpleValue: 2 } as const;
const SESSION_LOG = { status: 1 } as const;
const SESSION_START = 1;

/** How protobuf stores a field. */
const WIRE = { varint: 0, bits64: 1, bytes: 2, bits32: 5 } as const;

/**
 * Encodes an event of a TensorBoard file as its protobuf message.
 *
 * @param wallTime Seconds since 1970.
 * @param step Where on the x axis.
 */
export function encodeEvent(wallTime: number, step: number, content: EventContent): Uint8Array {
  return concatBytes([
    double(EVENT.wallTime, wallTime),
    step === 0 ? [] : [...key(EVENT.step, WIRE.varint), ...varint(step)], // 0 is what is left out
    encodeContent(content),
  ]);
}

function encodeContent(content: EventContent): Bytes {
  switch (content.kind) {
    case "version":
      return text(EVENT.fileVersion, "brain.Event:2");
    case "restart": {
      const status = [...key(SESSION_LOG.status, WIRE.varint), SESSION_START];
      return bytes(EVENT.sessionLog, status);
    }
    case "scalars": {
      const values = Object.entries(content.scalars).map(([tag, value]) =>
        bytes(SUMMARY.value, concatBytes([text(VALUE.tag, tag), float(VALUE.simpleValue, value)]))
      );
      return bytes(EVENT.summary, concatBytes(values));
    }
  }
}

type Bytes = ArrayLike<number>;

function key(field: number, wire: number): Bytes & Iterable<number> {
  return varint(field * 8 + wire);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
}

function double(field: number, value: number): Bytes {
  const data = new DataView(new ArrayBuffer(8));
  data.setFloat64(0, value, true);
  return concatBytes([key(field, WIRE.bits64), new Uint8Array(data.buffer)]);
}

function float(field: number, value: number): Bytes {
  const data = new DataView(new ArrayBuffer(4));
  data.setFloat32(0, value, true);
  return concatBytes([key(field, WIRE.bits32), new Uint8Array(data.buffer)]);
}

function bytes(field: number, data: Bytes): Bytes {
  return concatBytes([key(field, WIRE.bytes), varint(data.length), data]);
}

function text(field: number, value: string): Bytes {
  return bytes(field, new TextEncoder().encode(value));
}
