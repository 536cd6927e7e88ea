import { deepEqual } from "node:assert/strict";
import { GuessTally } from "../../src/eval/guess_tally.ts";

Deno.test("GuessTally counts classes that are guessed first and among the first", () => {
  const tally = new GuessTally(2);
  tally.add([0.1, 0.9, 0.5], 1);
  tally.add([0.1, 0.9, 0.5], 2);
  tally.add([0.1, 0.9, 0.5], 0);
  tally.add([0.1, 0.9, 0.5], 3); // of no class
  deepEqual(tally.result, { top1: 0.25, top5: 0.5, guesses: Uint32Array.of(1, 1, 1, 1) });
});

Deno.test("of equal scores the first is the guess, and what is not finite is never right", () => {
  const tally = new GuessTally();
  tally.add([3, 3], 0);
  tally.add([3, 3], 1);
  tally.add([NaN, NaN], 0);
  tally.add([1, Infinity], 1);
  deepEqual(tally.result, { top1: 0.25, top5: 0.5, guesses: Uint32Array.of(0, 0, 0, 1) });
});
