// A reader of TensorBoard files that shares nothing with the writer: protobufjs over the messages'
// own definition, and a CRC that is computed bit by bit.
import protobuf from "npm:protobufjs@8.8.1";

/** The part of TensorBoard's event.proto and summary.proto that a scalar needs. */
const SCHEMA = `
  syntax = "proto3";
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what {
      string file_version = 3;
      Summary summary = 5;
      SessionLog session_log = 7;
    }
  }
  message Summary {
    message Value {
      string tag = 1;
      oneof value { float simple_value = 2; }
    }
    repeated Value value = 1;
  }
  message SessionLog {
    enum SessionStatus { STATUS_UNSPECIFIED = 0; START = 1; STOP = 2; CHECKPOINT = 3; }
    SessionStatus status = 1;
  }
`;

const Event = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType("Event");

/** An event as protobufjs decodes it; what a message does not hold is not there. */
export interface ReadEvent {
  wall_time: number;
  step?: number;
  file_version?: string;
  summary?: { value: { tag: string; simple_value?: number }[] };
  session_log?: { status: string };
}

/** What {@linkcode readEvents} found. */
export interface ReadEvents {
  events: ReadEvent[];
  /** Why it ended: at the end of the file, within a record, or at one that is damaged. */
  end: "end of file" | "cut off" | "damaged";
}

/** Reads records as TensorBoard does: as far as they are whole, with both checksums. */
export function readEvents(file: Uint8Array): ReadEvents {
  const events: ReadEvent[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  while (at < file.length) {
    if (at + 12 > file.length) return { events, end: "cut off" };
    const length = Number(view.getBigUint64(at, true));
    if (!holds(file.subarray(at, at + 8), view.getUint32(at + 8, true))) {
      return { events, end: "damaged" };
    }
    const data = file.subarray(at + 12, at + 12 + length);
    if (at + 12 + length + 4 > file.length) return { events, end: "cut off" };
    if (!holds(data, view.getUint32(at + 12 + length, true))) return { events, end: "damaged" };
    const options = { longs: Number, enums: String };
    events.push(Event.toObject(Event.decode(data), options) as ReadEvent);
    at += 12 + length + 4;
  }
  return { events, end: "end of file" };
}

/** The curve of a tag as TensorBoard draws it: a restart drops what came before it there. */
export function curveOf(files: readonly Uint8Array[], tag: string): [step: number, y: number][] {
  let points: [number, number][] = [];
  for (const event of files.flatMap((file) => readEvents(file).events)) {
    const step = event.step ?? 0;
    if (event.session_log?.status === "START") points = points.filter(([x]) => x < step);
    for (const value of event.summary?.value ?? []) {
      if (value.tag === tag) points.push([step, value.simple_value!]);
    }
  }
  return points;
}

/** Whether a stored checksum, which is masked, is that of the data. */
function holds(data: Uint8Array, stored: number): boolean {
  const turned = BigInt.asUintN(32, BigInt(stored) - 0xa282ead8n);
  return Number(((turned >> 17n) | (turned << 15n)) & 0xffffffffn) === bitwiseCrc32c(data);
}

/** CRC-32C bit by bit, the register turned the other way round than tables have it. */
export function bitwiseCrc32c(data: Uint8Array): number {
  let register = 0xffffffff;
  for (const byte of data) {
    for (let bit = 0; bit < 8; bit++) {
      const out = (register >>> 31) ^ ((byte >>> bit) & 1);
      register = ((register << 1) ^ (out ? 0x1edc6f41 : 0)) >>> 0;
    }
  }
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed |= ((register >>> bit) & 1) << (31 - bit);
  return ~reversed >>> 0;
}
