import type { OpenDevice } from "./device.ts";
import type { DispatchClock, GpuSpan } from "./dispatch_clock.ts";
import { encodeDispatch, type ReadyDispatch, submissions } from "./ready_dispatch.ts";

/** Timestamps of one query set: as many as WebGPU allows. */
const SET_SIZE = 4096;

/** Time between the two readings that tell how long a tick is. */
const PROBE_MS = 100;

/** WebGPU says nanoseconds; drivers whose ticks are longer differ by far more than this. */
const TICK_TOLERANCE = 0.15;

/** The clock of a device that writes timestamps which mean something; undefined if it has none. */
export async function openTimestampClock(open: OpenDevice): Promise<DispatchClock | undefined> {
  if (!open.facts.timestamps) return undefined;
  const tickNs = await measureTick(open);
  return tickNs === undefined ? undefined : new TimestampClock(open, tickNs);
}

/** The nanoseconds of a tick, by the host's clock; undefined if timestamps stand still. */
async function measureTick(open: OpenDevice): Promise<number | undefined> {
  using probe = new TimestampClock(open, 1);
  const empty = async () => {
    const before = performance.now();
    probe.submit([null]);
    const [[ticks]] = await probe.ticks();
    return { ms: (before + performance.now()) / 2, ticks };
  };
  await empty(); // the first one may wait for what was submitted before
  const first = await empty();
  await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
  const second = await empty();
  const passed = Number(second.ticks - first.ticks);
  if (first.ticks === 0n || passed <= 0) return undefined;
  const tickNs = (second.ms - first.ms) * 1e6 / passed;
  return Math.abs(tickNs - 1) < TICK_TOLERANCE ? 1 : tickNs;
}

class TimestampClock implements DispatchClock {
  readonly method = "timestamps";
  readonly waitingMs = 0;
  submittingMs = 0;
  readonly #sets: GPUQuerySet[] = [];
  #used = 0; // timestamps of the last set
  /** Where each submission begins among the dispatches, and when the host made it. */
  #submitted: { first: number; ms: number }[] = [];
  #count = 0;

  constructor(readonly open: OpenDevice, readonly tickNs: number) {}

  run(list: readonly ReadyDispatch[]): Promise<void> {
    this.open.check();
    for (const part of submissions(list)) this.submit(part);
    return Promise.resolve();
  }

  /** Submits a pass for each dispatch, or an empty one, between two timestamps. */
  submit(list: readonly (ReadyDispatch | null)[]): void {
    const { device } = this.open;
    const encoder = device.createCommandEncoder({ label: "timed" });
    for (const each of list) {
      const pass = encoder.beginComputePass({
        label: each?.label ?? "nothing",
        timestampWrites: this.#twoTimestamps(),
      });
      if (each !== null) encodeDispatch(pass, each);
      pass.end();
    }
    const commands = encoder.finish();
    const ms = performance.now();
    this.#submitted.push({ first: this.#count, ms });
    this.#count += list.length;
    device.queue.submit([commands]);
    this.submittingMs += performance.now() - ms;
  }

  async read(): Promise<GpuSpan[]> {
    const submitted = this.#submitted;
    const ticks = await this.ticks();
    if (ticks.length === 0) return [];
    const origin = ticks[0][0];
    const msOf = (at: bigint) => Number(at - origin) * this.tickNs / 1e6;
    // Nothing runs before it is submitted: the latest of all beginnings that this allows for is
    // exact where the GPU had been idle.
    const offset = submitted
      .filter(({ first }) => first < ticks.length)
      .reduce((most, { first, ms }) => Math.max(most, ms - msOf(ticks[first][0])), -Infinity);
    return ticks.map(([start, end]) => ({
      startMs: msOf(start) + offset,
      endMs: Math.max(msOf(start), msOf(end)) + offset,
    }));
  }

  /** Beginning and end of every pass so far, as the GPU counts. */
  async ticks(): Promise<[start: bigint, end: bigint][]> {
    const found: [bigint, bigint][] = [];
    for (const [index, set] of this.#sets.entries()) {
      const count = index === this.#sets.length - 1 ? this.#used : SET_SIZE;
      const values = await resolve(this.open.device, set, count);
      for (let i = 0; i < count; i += 2) found.push([values[i], values[i + 1]]);
      set.destroy();
    }
    this.#sets.length = 0;
    [this.#submitted, this.#count] = [[], 0];
    this.open.check();
    return found;
  }

  [Symbol.dispose](): void {
    for (const set of this.#sets.splice(0)) set.destroy();
  }

  #twoTimestamps(): GPUComputePassTimestampWrites {
    if (this.#sets.length === 0 || this.#used === SET_SIZE) {
      const { device } = this.open;
      this.#sets.push(
        device.createQuerySet({ label: "timed", type: "timestamp", count: SET_SIZE }),
      );
      this.#used = 0;
    }
    const first = this.#used;
    this.#used += 2;
    return {
      querySet: this.#sets.at(-1)!,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
  }
}

/** The first timestamps of a set; waits for the queue. */
async function resolve(
  device: GPUDevice,
  set: GPUQuerySet,
  count: number,
): Promise<BigUint64Array> {
  const size = 8 * count;
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const resolved = device.createBuffer({
    label: "timestamps",
    size,
    usage: QUERY_RESOLVE | COPY_SRC,
  });
  const staging = device.createBuffer({
    label: "timestamps (readback)",
    size,
    usage: MAP_READ | COPY_DST,
  });
  const encoder = device.createCommandEncoder({ label: "timestamps" });
  encoder.resolveQuerySet(set, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new BigUint64Array(staging.getMappedRange().slice(0));
  resolved.destroy();
  staging.destroy();
  return values;
}
