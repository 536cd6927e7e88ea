import { deepEqual, equal, ok } from "node:assert/strict";
import { assignSlots, type Lifetime, peakBytes } from "../../src/gpu/slots.ts";
import { randomStream } from "../../src/random.ts";

function life(label: string, sizeBytes: number, first: number, last: number): Lifetime {
  return { storage: { label, kind: "activations", sizeBytes }, first, last };
}

/** Lifetimes as a step has them: many sizes, some alive for one dispatch, some for hundreds. */
function randomLifetimes(seed: number, count: number): Lifetime[] {
  const stream = randomStream(seed, "lifetimes");
  return Array.from({ length: count }, (_, i) => {
    const first = stream.int(200);
    const length = stream.bool(0.7) ? stream.int(4) : stream.int(200);
    return life(`t${i}`, 4 * (1 + stream.int(64)), first, first + length);
  });
}

/** The most bytes alive at any dispatch, counted one dispatch at a time. */
function peakByCounting(lifetimes: readonly Lifetime[]): number {
  const end = Math.max(0, ...lifetimes.map(({ last }) => last));
  let peak = 0;
  for (let at = 0; at <= end; at++) {
    const alive = lifetimes.filter(({ first, last }) => first <= at && at <= last);
    peak = Math.max(peak, alive.reduce((sum, { storage }) => sum + storage.sizeBytes, 0));
  }
  return peak;
}

Deno.test("assignSlots() reuses a buffer once its storage is dead", () => {
  const [a, b, c] = [life("a", 64, 0, 1), life("b", 64, 1, 2), life("c", 32, 2, 3)];
  const slots = assignSlots([a, b, c]);
  deepEqual(slots.map(({ sizeBytes, members }) => [sizeBytes, ...members]), [
    [64, a, c],
    [64, b],
  ]);
});

Deno.test("assignSlots() takes the smallest buffer that is free", () => {
  const [big, small, late] = [
    life("big", 256, 0, 1),
    life("small", 64, 0, 1),
    life("late", 32, 5, 6),
  ];
  const slots = assignSlots([big, small, late]);
  deepEqual(slots.find(({ members }) => members.includes(late))?.sizeBytes, 64);
});

Deno.test("assignSlots() places nothing for nothing", () => {
  deepEqual(assignSlots([]), []);
  equal(peakBytes([]), 0);
});

Deno.test("assignSlots() never lets two storages of a slot live together", () => {
  for (let seed = 0; seed < 20; seed++) {
    const lifetimes = randomLifetimes(seed, 80);
    const slots = assignSlots(lifetimes);
    const placed = slots.flatMap(({ members }) => members);
    equal(placed.length, lifetimes.length);
    deepEqual(new Set(placed), new Set(lifetimes));
    for (const { sizeBytes, members } of slots) {
      const inOrder = members.toSorted((x, y) => x.first - y.first);
      for (const [i, { storage, first, last }] of inOrder.entries()) {
        ok(storage.sizeBytes <= sizeBytes, `seed ${seed}: ${storage.label} passes its slot`);
        const next = inOrder[i + 1];
        ok(!next || last < next.first, `seed ${seed}: ${first}..${last} meets ${next?.first}`);
      }
    }
    const total = slots.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    ok(total >= peakBytes(lifetimes), `seed ${seed}: less than what is alive at once`);
  }
});

Deno.test("peakBytes() is the most that is alive at any dispatch", () => {
  equal(peakBytes([life("a", 8, 0, 1), life("b", 16, 1, 2), life("c", 4, 2, 2)]), 24);
  for (let seed = 0; seed < 20; seed++) {
    const lifetimes = randomLifetimes(seed, 40);
    equal(peakBytes(lifetimes), peakByCounting(lifetimes));
  }
});
