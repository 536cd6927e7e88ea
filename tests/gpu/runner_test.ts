import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { type OpenDevice, openDevice } from "../../src/gpu/device.ts";
import { GpuError, ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { addInto } from "../../src/ops/add.ts";
import { fill } from "../../src/ops/fill.ts";
import { layerNorm } from "../../src/ops/layer_norm.ts";
import { linear, linearGelu } from "../../src/ops/linear.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";

const ROWS = 9, DIM = 24;

/** A few layers of a network, the way a step calls its ops; their sum goes into `total`. */
function layers(gpu: Recorder, x: Tensor, weights: Tensor[], total: Tensor): void {
  const gamma = gpu.constant(new Float32Array(DIM).fill(1.5), [DIM], "gamma");
  const beta = gpu.constant(new Float32Array(DIM).fill(0.25), [DIM], "beta");
  let tokens = x;
  for (const weight of weights) {
    const { y: normed } = layerNorm(gpu, tokens, gamma, beta);
    const { y: hidden } = linearGelu(gpu, normed, weight, null);
    tokens = linear(gpu, hidden, weight, null);
    addInto(gpu, tokens, total);
  }
}

const X = randomArray(ROWS * DIM, { seed: 1 });
const WEIGHTS = [2, 3, 4, 5].map((seed) => randomArray(DIM * DIM, { seed, scale: 0.3 }));

async function live(): Promise<Float32Array> {
  using gpu = await Gpu.open();
  const weights = WEIGHTS.map((data, i) => gpu.upload([DIM, DIM], data, `weight.${i}`));
  const total = gpu.keep("state", [ROWS, DIM], "total");
  layers(gpu, gpu.upload([ROWS, DIM], X, "x"), weights, total);
  return await gpu.download(total);
}

/** The same layers as a plan of two phases: `begin` zeroes, `accumulate` adds. */
function record(open: OpenDevice) {
  const recorder = new PlanRecorder(open.facts);
  const x = recorder.keep("images", [ROWS, DIM], "x");
  const weights = WEIGHTS.map((_, i) => recorder.keep("parameters", [DIM, DIM], `weight.${i}`));
  const total = recorder.keep("state", [ROWS, DIM], "total");
  recorder.phase("begin");
  fill(recorder, total, 0);
  recorder.phase("accumulate");
  layers(recorder, x, weights, total);
  return { plan: recorder.finish(), x, weights, total };
}

async function withDevice(body: (open: OpenDevice) => Promise<void>): Promise<void> {
  const open = await openDevice();
  try {
    await body(open);
  } finally {
    open.close();
  }
}

Deno.test("a plan gives exactly what the live device gives, as often as it is run", async () => {
  const expected = await live();
  await withDevice(async (open) => {
    const { plan, x, weights, total } = record(open);
    ok(plan.slots.length < 16, `${plan.slots.length} buffers for 16 activations`);
    using runner = await PlanRunner.build(plan, open);
    runner.write(x, X);
    weights.forEach((weight, i) => runner.write(weight, WEIGHTS[i]));
    for (let time = 0; time < 3; time++) {
      runner.run("begin", "accumulate");
      await runner.finish();
      deepEqual(await runner.download(total), expected);
    }
    runner.run("accumulate"); // without the zeroing it adds
    assertAllClose(await runner.download(total), expected.map((value) => 2 * value));
  });
});

Deno.test("PlanRunner writes the beginning of a tensor, and no more than it holds", async () => {
  await withDevice(async (open) => {
    const { plan, x } = record(open);
    using runner = await PlanRunner.build(plan, open);
    runner.write(x, Float32Array.of(1, 2, 3));
    deepEqual((await runner.download(x)).subarray(0, 5), Float32Array.of(1, 2, 3, 0, 0));
    throws(
      () => runner.write(x, new Float32Array(ROWS * DIM + 1)),
      new ShapeError(
        "Cannot write x: data must have at most 216 elements for shape [9, 24], got 217",
      ),
    );
  });
});

const KERNEL = `@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn forward() {
  y[0] = 1.0;
}
`;

/** The failure of building and running a plan of one dispatch. */
async function failureOf(
  rest: { source?: string; offsetBytes?: number; workgroups?: [number, number] },
): Promise<string> {
  let message = "";
  await withDevice(async (open) => {
    const recorder = new PlanRecorder(open.facts);
    const y = recorder.keep("state", [4], "y");
    recorder.phase("begin");
    recorder.run({
      label: "one.forward",
      source: rest.source ?? KERNEL,
      entryPoint: "forward",
      inputs: [],
      outputs: [{ ...y, offsetBytes: rest.offsetBytes ?? 0 }],
      workgroups: rest.workgroups ?? 1,
    });
    await rejects(async () => {
      using runner = await PlanRunner.build(recorder.finish(), open);
      runner.run("begin");
      await runner.finish();
    }, (error: Error) => {
      message = error.message;
      return error instanceof GpuError;
    });
  });
  return message;
}

Deno.test("PlanRunner names the kernel that does not compile, and the line", async () => {
  const message = await failureOf({ source: KERNEL.replace("1.0", "nonsense") });
  ok(message.startsWith("Cannot compile one.forward: "), message);
  ok(/│ {3}y\[0\] = nonsense;\n/.test(message), message);
});

Deno.test("PlanRunner names the buffer that a binding passes the end of", async () => {
  const message = await failureOf({ offsetBytes: 256 });
  ok(/^Cannot build the plan: .*'y'.*offset 256/s.test(message), message);
});

Deno.test("a plan that cannot be built leaves no buffer behind", async () => {
  await withDevice(async (open) => {
    const { device } = open;
    const [create, kept] = [device.createBuffer.bind(device), new Set<GPUBuffer>()];
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        kept.delete(buffer);
        destroy();
      };
      kept.add(buffer);
      return buffer;
    };
    const recorder = new PlanRecorder(open.facts);
    const y = recorder.keep("state", [4], "y");
    recorder.phase("begin");
    const wrong = { label: "one.forward", source: "nonsense", entryPoint: "forward" };
    recorder.run({ ...wrong, inputs: [], outputs: [y], workgroups: 1 });
    await rejects(PlanRunner.build(recorder.finish(), open), GpuError);
    equal(kept.size, 0);
    const built = await PlanRunner.build(record(open).plan, open);
    ok(kept.size > 0, "they are counted");
    built[Symbol.dispose]();
    equal(kept.size, 0);
  });
});

Deno.test("PlanRunner tells what failed while running", async () => {
  const message = await failureOf({ workgroups: [65_536, 1] });
  ok(/^Cannot run on the GPU \(.*\): .*65536.*65535/s.test(message), message);
});

Deno.test("closing a device with a built plan ends cleanly", async () => {
  await withDevice(async (open) => {
    using runner = await PlanRunner.build(record(open).plan, open);
    runner.run("begin", "accumulate"); // still in the queue when everything is destroyed
    open.check();
  });
  equal((await live()).length, ROWS * DIM); // and a next one opens
});
