import { deepEqual, equal, throws } from "node:assert/strict";
import { isWanted, readOptions } from "../../../bench/support/options.ts";

const DEFAULTS = { only: "", rounds: "7" };

Deno.test("readOptions() lays arguments over the defaults; values may have equal signs", () => {
  deepEqual(readOptions("bench:x", ["only=a=b"], DEFAULTS), { only: "a=b", rounds: "7" });
});

Deno.test("readOptions() tells the keys there are", () => {
  for (const wrong of ["round=3", "rounds", "toString=1"]) {
    throws(
      () => readOptions("bench:x", [wrong], DEFAULTS),
      new Error(`Cannot run bench:x: ${wrong} must be one of only=..., rounds=...`),
    );
  }
});

Deno.test("isWanted() takes parts of names after commas, and everything for none", () => {
  equal(isWanted("matmul 1024", ""), true);
  equal(isWanted("Matmul 1024", "step, matmul"), true);
  equal(isWanted("attention", "step,matmul"), false);
});
