import type { OpenDevice } from "../gpu/device.ts";
import { openTimestampClock } from "../gpu/timestamp_clock.ts";
import { encodeDispatch, type ReadyDispatch } from "../gpu/ready_dispatch.ts";

/** Dispatches to run so many times in a row. */
export interface Sample {
  readonly dispatches: readonly ReadyDispatch[];
  readonly repeats: number;
}

/** Takes the time of work on a device. */
export interface Stopwatch extends Disposable {
  /** How long a sample should be at least for its time to mean something. */
  readonly sampleMs: number;
  /** Runs samples in their order; milliseconds of one repeat of each. */
  time(samples: readonly Sample[]): Promise<number[]>;
}

/** A stopwatch by the device's timestamps, where it has some that mean something. */
export async function openStopwatch(open: OpenDevice): Promise<Stopwatch> {
  const clock = await openTimestampClock(open);
  if (clock === undefined) return new WaitingStopwatch(open);
  return {
    sampleMs: 3,
    async time(samples) {
      for (const { dispatches, repeats } of samples) {
        for (let i = 0; i < repeats; i++) await clock.run(dispatches);
      }
      const spans = await clock.read();
      return samples.map(({ dispatches, repeats }) => {
        const own = spans.splice(0, dispatches.length * repeats);
        return own.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / repeats;
      });
    },
    [Symbol.dispose]: () => clock[Symbol.dispose](),
  };
}

/** Waits for each sample: as waiting takes 10 ms by itself, samples have to be long. */
class WaitingStopwatch implements Stopwatch {
  readonly sampleMs = 200;

  constructor(readonly open: OpenDevice) {}

  async time(samples: readonly Sample[]): Promise<number[]> {
    const { device } = this.open;
    const found: number[] = [];
    for (const { dispatches, repeats } of samples) {
      const encoder = device.createCommandEncoder({ label: "tuning" });
      const pass = encoder.beginComputePass({ label: "tuning" });
      for (let i = 0; i < repeats; i++) {
        for (const each of dispatches) encodeDispatch(pass, each);
      }
      pass.end();
      const commands = encoder.finish();
      const startMs = performance.now();
      device.queue.submit([commands]);
      await device.queue.onSubmittedWorkDone();
      found.push((performance.now() - startMs) / repeats);
    }
    this.open.check();
    return found;
  }

  [Symbol.dispose](): void {}
}
