import { deepEqual, equal, ok } from "node:assert/strict";
import type { RunStart } from "../../../src/training/observer.ts";
import { DeviceStatsMonitor } from "../../../src/training/observers/device_stats_monitor.ts";

Deno.test("DeviceStatsMonitor adds memory to the rows that are logged", () => {
  const monitor = new DeviceStatsMonitor(3);
  monitor.onStart({ memoryBytes: 12_345 } as RunStart);
  const stats = monitor.extend({ step: 2 });
  equal(stats["device/gpu_plan_bytes"], 12_345);
  deepEqual(Object.keys(stats).sort(), [
    "device/external_bytes",
    "device/gpu_plan_bytes",
    "device/heap_bytes",
    "device/process_rss_bytes",
    "device/system_available_bytes",
  ]);
  ok(stats["device/process_rss_bytes"]! > stats["device/heap_bytes"]!);
  deepEqual([1, 3, 4].map((step) => monitor.extend({ step })), [{}, {}, {}]);
});
