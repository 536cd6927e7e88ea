import { equal } from "node:assert/strict";
import { crc32c } from "../../src/tensorboard/crc32c.ts";
import { bitwiseCrc32c } from "../support/event_files.ts";

Deno.test("crc32c() gives the values of RFC 3720, appendix B.4", () => {
  equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
  equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  equal(crc32c(new Uint8Array(0)), 0);
});

Deno.test("crc32c() is what the bits give one by one", () => {
  for (const length of [1, 2, 7, 8, 9, 255, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 37 + length);
    equal(crc32c(bytes), bitwiseCrc32c(bytes), `${length} bytes`);
  }
});
