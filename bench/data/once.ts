/** Registers a bench that takes long and prints its own figures: however often Deno calls it, once. */
export function benchOnce(name: string, run: () => Promise<void>): void {
  let done: Promise<void> | undefined;
  // Deno waits for functions that are declared async alone.
  Deno.bench({ name, n: 1, warmup: 0 }, async () => await (done ??= run()));
}
