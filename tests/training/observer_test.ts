import { deepEqual } from "node:assert/strict";
import { Observers } from "../../src/training/observer.ts";

Deno.test("observers add to a row, in their order, and change nothing that is there", () => {
  const observers = new Observers(
    { extend: ({ step }) => ({ "a/twice": 2 * step }) },
    {}, // adds nothing
    { extend: () => ({ "b/one": 1, train_loss: 99, step: 99 }) },
  );
  const row = { step: 3, train_loss: 0.5 };
  const whole = observers.extend(row);
  deepEqual(Object.entries(whole), [
    ["step", 3],
    ["train_loss", 0.5],
    ["a/twice", 6],
    ["b/one", 1],
  ]);
  deepEqual(row, { step: 3, train_loss: 0.5 });
});
