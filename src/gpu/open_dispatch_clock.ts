import type { OpenDevice } from "./device.ts";
import type { DispatchClock } from "./dispatch_clock.ts";
import { openTimestampClock } from "./timestamp_clock.ts";
import { openWaitingClock } from "./waiting_clock.ts";

/** The best clock that works on a device: its timestamps where they mean something. */
export async function openDispatchClock(open: OpenDevice): Promise<DispatchClock> {
  return await openTimestampClock(open) ?? await openWaitingClock(open);
}
