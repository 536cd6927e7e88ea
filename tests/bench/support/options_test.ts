import { deepEqual, equal, throws } from "node:assert/strict";
import { positiveNumber, readOptions, wantedOf } from "../../../bench/support/options.ts";

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

Deno.test("positiveNumber() wants one", () => {
  equal(positiveNumber("bench:x", "minutes", "0.5"), 0.5);
  for (const wrong of ["0", "-1", "ten", "Infinity"]) {
    throws(
      () => positiveNumber("bench:x", "minutes", wrong),
      new Error(`Cannot run bench:x: minutes must be a number above 0, got "${wrong}"`),
    );
  }
});

Deno.test("wantedOf() takes parts of names after commas, everything for none", () => {
  const all = ["Matmul 1024", "step", "attention"].map((name) => ({ name }));
  const names = (wanted: string) => wantedOf("bench:x", "only", all, wanted).map((x) => x.name);
  deepEqual(names(""), ["Matmul 1024", "step", "attention"]);
  deepEqual(names("step, matmul"), ["Matmul 1024", "step"]);
  throws(
    () => names("matmool"),
    new Error(
      'Cannot run bench:x: only must be parts of Matmul 1024, step, attention, got "matmool"',
    ),
  );
});
