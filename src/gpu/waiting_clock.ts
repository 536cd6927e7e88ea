import type { OpenDevice } from "./device.ts";
import type { DispatchClock, GpuSpan } from "./dispatch_clock.ts";
import { encodeDispatch, type ReadyDispatch } from "./ready_dispatch.ts";

/** Empty submissions whose median says what waiting takes by itself. */
const TRIES = 9;

/** A clock for any device: submits each dispatch alone and waits for it. */
export async function openWaitingClock(open: OpenDevice): Promise<DispatchClock> {
  const { device } = open;
  const waits: number[] = [];
  for (let i = 0; i < TRIES; i++) {
    const { startMs, endMs } = await waitFor(device, () => {});
    waits.push(endMs - startMs);
  }
  waits.sort((a, b) => a - b);
  return new WaitingClock(open, waits[TRIES >> 1]);
}

class WaitingClock implements DispatchClock {
  readonly method = "waiting";
  readonly #spans: GpuSpan[] = [];
  submittingMs = 0;

  constructor(readonly open: OpenDevice, readonly waitingMs: number) {}

  async run(list: readonly ReadyDispatch[]): Promise<void> {
    const beganMs = performance.now();
    await this.open.device.queue.onSubmittedWorkDone(); // of what was written before
    for (const each of list) {
      const span = await waitFor(this.open.device, (pass) => encodeDispatch(pass, each));
      const endMs = Math.max(span.startMs, span.endMs - this.waitingMs);
      this.#spans.push({ startMs: span.startMs, endMs });
    }
    this.submittingMs += performance.now() - beganMs;
    this.open.check();
  }

  read(): Promise<GpuSpan[]> {
    return Promise.resolve(this.#spans.splice(0));
  }

  [Symbol.dispose](): void {}
}

/** Runs one pass, and says from its submission to when the host hears of its end. */
async function waitFor(
  device: GPUDevice,
  encode: (pass: GPUComputePassEncoder) => void,
): Promise<GpuSpan> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  const commands = encoder.finish();
  const startMs = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return { startMs, endMs: performance.now() };
}
