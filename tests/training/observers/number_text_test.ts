import { deepEqual } from "node:assert/strict";
import {
  bytesText,
  durationText,
  numberText,
} from "../../../src/training/observers/number_text.ts";

Deno.test("numbers, durations and bytes are told as people read them", () => {
  deepEqual([0, 0.01, 11.7346, 9999, 10_000, 0.00042].map(numberText), [
    "0.000",
    "0.010",
    "11.735",
    "9999.000",
    "1.00e+4",
    "4.20e-4",
  ]);
  deepEqual([400, 61_000, 3_661_000].map(durationText), ["0:00", "1:01", "1:01:01"]);
  deepEqual([12, 2048, 1.5 * 2 ** 20, 2 ** 31 - 1].map(bytesText), [
    "12 bytes",
    "2 KiB",
    "1.5 MiB",
    "2.0 GiB",
  ]);
});
