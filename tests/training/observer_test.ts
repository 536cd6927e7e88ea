import { deepEqual, throws } from "node:assert/strict";
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

Deno.test("all observers hear of the end, and what ended the run comes before what fails then", () => {
  const heard: string[] = [];
  const observers = new Observers(
    { onEnd: () => heard.push("first") },
    {
      onEnd: () => {
        throw new Error("disk full");
      },
    },
    { onEnd: ({ reason }) => heard.push(reason) },
  );
  observers.onEnd({ steps: 1, finished: false, reason: "lost", error: new Error("lost") });
  deepEqual(heard, ["first", "lost"]);
  const end = { steps: 2, finished: true, reason: "done" };
  throws(() => observers.onEnd(end), new Error("disk full"));
  deepEqual(heard, ["first", "lost", "first", "done"]);
});
