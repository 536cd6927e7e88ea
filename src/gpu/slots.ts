import type { Storage } from "./tensor.ts";

/** When a planned storage is alive: from the dispatch that first writes it to its last use. */
export interface Lifetime {
  readonly storage: Storage;
  readonly first: number;
  last: number;
}

/** One buffer, and the storages that take turns in it. */
export interface Slot {
  readonly sizeBytes: number;
  readonly members: Lifetime[];
}

/**
 * Gives storages that are never alive together one buffer.
 *
 * Largest first, each into the smallest buffer that is free for its whole life. One buffer per slot,
 * rather than offsets in a slab, because WebGPU forbids reading one part of a buffer while a kernel
 * writes another; and a transformer's activations come in few sizes, so little is lost.
 */
export function assignSlots(lifetimes: readonly Lifetime[]): Slot[] {
  const slots: Slot[] = [];
  const largestFirst = [...lifetimes].sort((a, b) =>
    b.storage.sizeBytes - a.storage.sizeBytes || a.first - b.first
  );
  for (const life of largestFirst) {
    let best: Slot | undefined;
    for (const slot of slots) {
      const better = !best || slot.sizeBytes < best.sizeBytes;
      if (better && slot.members.every((other) => !overlap(other, life))) best = slot;
    }
    if (best) best.members.push(life);
    else slots.push({ sizeBytes: life.storage.sizeBytes, members: [life] });
  }
  return slots;
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Most bytes alive at any dispatch: no placement can need less. */
export function peakBytes(lifetimes: readonly Lifetime[]): number {
  const changes = new Map<number, number>();
  const change = (at: number, bytes: number) => changes.set(at, (changes.get(at) ?? 0) + bytes);
  for (const { storage, first, last } of lifetimes) {
    change(first, storage.sizeBytes);
    change(last + 1, -storage.sizeBytes);
  }
  let alive = 0, peak = 0;
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    alive += changes.get(at)!;
    peak = Math.max(peak, alive);
  }
  return peak;
}
