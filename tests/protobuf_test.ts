import { deepEqual, equal } from "node:assert/strict";
import { concatBytes } from "../src/files/concat_bytes.ts";
import {
  doubleField,
  floatField,
  lengthOf,
  messageField,
  messageParts,
  textField,
  varintField,
} from "../src/protobuf.ts";

Deno.test("fields have the bytes that protobuf's encoding guide gives", () => {
  deepEqual([...varintField(1, 150)], [0x08, 0x96, 0x01]);
  deepEqual([...textField(2, "testing")], [0x12, 7, ...new TextEncoder().encode("testing")]);
  deepEqual([...messageField(3, [varintField(1, 150)])], [0x1a, 3, 0x08, 0x96, 0x01]);
  deepEqual([...floatField(4, 1)], [0x25, 0, 0, 0x80, 0x3f]);
  deepEqual([...doubleField(5, 1)], [0x29, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
});

Deno.test("numbers past 32 bits keep all their digits, and fields past 15 have keys of two", () => {
  deepEqual([...varintField(1, 2 ** 35)], [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
  deepEqual([...varintField(20, 0)], [0xa0, 0x01, 0]);
});

Deno.test("messageParts() says how long late bytes are before they are made", async () => {
  let isMade = false;
  const late = {
    length: 3,
    make: () => {
      isMade = true;
      return Promise.resolve(Uint8Array.of(7, 8, 9));
    },
  };
  const parts = messageParts(1, messageParts(2, [varintField(1, 150), late]));
  equal(isMade, false);
  const made = await Promise.all(parts.map((part) => "make" in part ? part.make() : part));
  const plain = messageField(1, [
    messageField(2, [varintField(1, 150), Uint8Array.of(7, 8, 9)]),
  ]);
  deepEqual(concatBytes(made), plain);
  equal(lengthOf(parts), plain.length);
});
