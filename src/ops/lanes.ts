import type { AdapterFacts } from "../gpu/device.ts";
import type { Variant } from "../gpu/recorder.ts";

/** Most iterations of a shader's loop: some old software drivers end there, without a word. */
export const MAX_STRIDES = 65_535;

/** How many lanes a workgroup has. */
export interface Lanes extends Variant {
  lanes: number;
}

/** Widths to choose among, the built-in one first; no wider than the adapter allows for. */
export function lanesOf({ maxWorkgroupLanes }: AdapterFacts, ...widths: number[]): Lanes[] {
  return widths.filter((lanes) => lanes <= maxWorkgroupLanes)
    .map((lanes) => ({ name: `${lanes} lanes`, lanes }));
}

/**
 * Lanes that share a row of so many columns: hundreds on a GPU; in software as many as run in
 * lockstep, for more would pay for barriers, unless each would loop too often.
 */
export function rowLanes(adapter: AdapterFacts, cols: number): Lanes[] {
  if (adapter.kernels === "gpu") return lanesOf(adapter, 256, 128, 512, 1024);
  let lanes = 8;
  while (cols > MAX_STRIDES * lanes) lanes *= 2;
  return lanesOf(adapter, lanes);
}
