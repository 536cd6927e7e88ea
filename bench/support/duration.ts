import process from "node:process";

/** How long something took: on the clock, and of the processor's cores together. */
export interface Duration {
  wallMs: number;
  cpuMs: number;
}

/** Shortest sample: waiting for a queue takes 10 ms by itself. */
export const SAMPLE_MS = 200;

/** Times some work. */
export async function timed(work: () => Promise<void>): Promise<Duration> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 };
}
