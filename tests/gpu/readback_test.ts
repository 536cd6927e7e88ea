import { deepEqual, rejects, throws } from "node:assert/strict";
import { openDevice } from "../../src/gpu/device.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import { Readback, readTensor } from "../../src/gpu/readback.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { fill } from "../../src/ops/fill.ts";

Deno.test("Readback brings every copy back, oldest first, and then gathers anew", async () => {
  const open = await openDevice();
  try {
    const recorder = new PlanRecorder(open.facts);
    const metrics = recorder.keep("state", [3], "metrics");
    for (const value of [1, 2, 3]) {
      recorder.phase(`set ${value}`);
      fill(recorder, metrics, value);
    }
    using runner = await PlanRunner.build(recorder.finish(), open);
    using readback = new Readback(open, metrics, 2);
    deepEqual(await readback.take(), []);

    for (const value of [1, 2]) {
      runner.run(`set ${value}`);
      readback.push();
    }
    throws(
      () => readback.push(),
      new GpuError("Cannot read back metrics: take the 2 first"),
    );
    deepEqual(await readback.take(), [Float32Array.of(1, 1, 1), Float32Array.of(2, 2, 2)]);

    runner.run("set 3");
    readback.push();
    deepEqual(readback.pending, 1);
    deepEqual(await readback.take(), [Float32Array.of(3, 3, 3)]);
  } finally {
    open.close();
  }
});

Deno.test("readTensor() says that the device was lost, and what to do", async () => {
  const open = await openDevice();
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = open.device.createBuffer({ label: "x", size: 16, usage });
  const storage = { label: "x", kind: "state" as const, sizeBytes: 16, buffer };
  const x = { label: "x", shape: [4], dtype: "f32" as const, storage, offsetBytes: 0 };
  open.device.destroy(); // behind the back of `open`, as a driver would
  await rejects(readTensor(open, x), /device .* was lost.*resume from the last checkpoint/);
});
