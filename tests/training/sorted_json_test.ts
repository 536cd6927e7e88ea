import { deepEqual, equal } from "node:assert/strict";
import { sortedJson } from "../../src/training/sorted_json.ts";

Deno.test("sortedJson() sorts keys at every depth and keeps plain lists on a line", () => {
  const kept = { b: [1, "two", null], a: { d: {}, c: [] }, l: [{ y: 1, x: true }] };
  const value = { ...kept, u: undefined };
  equal(
    sortedJson(value),
    `{
  "a": {
    "c": [],
    "d": {}
  },
  "b": [1, "two", null],
  "l": [
    {
      "x": true,
      "y": 1
    }
  ]
}`,
  );
  deepEqual(JSON.parse(sortedJson(value)), kept);
});
