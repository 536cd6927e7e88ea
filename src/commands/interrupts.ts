import type { StopSignal } from "../stop_signal.ts";
import { EXIT } from "./command_line.ts";

/** What ends work gently: Ctrl-C, and what job schedulers send; Windows knows only the first. */
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/**
 * Turns Ctrl-C and SIGTERM into a signal to stop, until it is disposed of; a second one ends the
 * process.
 *
 * @param say Called at the first one.
 */
export function onInterrupt(say: () => void): Disposable & { signal: StopSignal } {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) Deno.exit(EXIT.interrupted); // a second Ctrl-C means now
    stop.abort();
    say();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
    },
  };
}
