import { concatBytes } from "../files/concat_bytes.ts";
import { doubleField, floatField, messageField, textField, varintField } from "../protobuf.ts";

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

/**
 * Encodes an event of a TensorBoard file as its protobuf message.
 *
 * @param wallTime Seconds since 1970.
 * @param step Where on the x axis.
 */
export function encodeEvent(wallTime: number, step: number, content: EventContent): Uint8Array {
  return concatBytes([
    doubleField(EVENT.wallTime, wallTime),
    step === 0 ? [] : varintField(EVENT.step, step), // 0 is what is left out
    encodeContent(content),
  ]);
}

function encodeContent(content: EventContent): Uint8Array {
  switch (content.kind) {
    case "version":
      return textField(EVENT.fileVersion, "brain.Event:2");
    case "restart": {
      const status = varintField(SESSION_LOG.status, SESSION_START);
      return messageField(EVENT.sessionLog, [status]);
    }
    case "scalars": {
      const values = Object.entries(content.scalars).map(([tag, value]) =>
        messageField(SUMMARY.value, [
          textField(VALUE.tag, tag),
          floatField(VALUE.simpleValue, value),
        ])
      );
      return messageField(EVENT.summary, values);
    }
  }
}
