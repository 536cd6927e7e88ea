import { DEFAULT_FACTS } from "../../../src/gpu/device.ts";
import { type Plan, PlanRecorder } from "../../../src/gpu/plan.ts";
import { matmul } from "../../../src/ops/matmul.ts";

/** A plan of one product with so many rows. */
export function planOf(rows: number): Plan {
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const a = recorder.keep("images", [rows, 64], "a");
  const b = recorder.keep("parameters", [64, 64], "b");
  recorder.phase("accumulate");
  matmul(recorder, a, b);
  return recorder.finish();
}

/** 8192 FLOP a row at 1 GFLOP/s: more than its 512 bytes take. */
export const LIMITS = { gflops: 1, gigabytesPerSecond: 1 };
