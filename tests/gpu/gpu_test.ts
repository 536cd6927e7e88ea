import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { GpuError, ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";

/** A kernel that writes 1 into the first element. */
const ONE = `@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn forward() {
  y[0] = 1.0;
}
`;

function one(y: Tensor, rest: Partial<Dispatch> = {}): Dispatch {
  const launch = { entryPoint: "forward", inputs: [], outputs: [y], workgroups: 1 };
  return { label: "one.forward", source: ONE, ...launch, ...rest };
}

/** What a download throws after a dispatch; the dispatch itself returns at once. */
async function failureOf(dispatch: (y: Tensor) => Dispatch): Promise<Error> {
  using gpu = await Gpu.open();
  const y = gpu.empty([4], "y");
  gpu.run(dispatch(y));
  try {
    await gpu.download(y);
  } catch (error) {
    gpu.run(one(y)); // a failure is told once, and the device goes on
    equal((await gpu.download(y))[0], 1);
    return error as Error;
  }
  throw new Error("the dispatch did not fail");
}

Deno.test("Gpu moves values there and back", async () => {
  using gpu = await Gpu.open();
  const values = Float32Array.of(1, -2.5, 3e-30, 0);
  const x = gpu.upload([2, 2], values, "x");
  deepEqual(await gpu.download(x), values);
  const table = gpu.upload([3], Uint32Array.of(1, 2, 0xffff_ffff), "table");
  deepEqual(new Uint32Array(await gpu.downloadBytes(table)), Uint32Array.of(1, 2, 0xffff_ffff));
  equal((await gpu.download(gpu.empty([0, 4], "nothing"))).length, 0);
});

Deno.test("Gpu gives memory that is kept as zeros", async () => {
  using gpu = await Gpu.open();
  deepEqual(await gpu.download(gpu.keep("state", [5], "state")), new Float32Array(5));
});

Deno.test("Gpu writes only what fits", async () => {
  using gpu = await Gpu.open();
  throws(
    () => gpu.upload([2, 3], new Float32Array(5), "x"),
    new ShapeError("Cannot write x: data must have 6 elements for shape [2, 3], got 5"),
  );
});

Deno.test("a kernel that does not compile is named, with the line", async () => {
  const source = ONE.replace("1.0", "nonsense");
  const error = await failureOf((y) => one(y, { label: "bad.forward", source }));
  ok(error instanceof GpuError);
  ok(error.message.startsWith("Cannot run bad.forward: "), error.message);
  ok(/│ {3}y\[0\] = nonsense;\n/.test(error.message), error.message);
  ok(error.message.includes("unknown identifier"), error.message);
});

Deno.test("an entry point that is not there is named", async () => {
  const error = await failureOf((y) => one(y, { entryPoint: "backward" }));
  ok(error instanceof GpuError);
  ok(/^Cannot run one\.forward: .*'backward'/s.test(error.message), error.message);
});

Deno.test("a binding that passes the end of its buffer is named", async () => {
  const error = await failureOf((y) => one({ ...y, offsetBytes: 256 }));
  ok(error instanceof GpuError);
  ok(/^Cannot run one\.forward: .*'y'.*offset 256/s.test(error.message), error.message);
});

Deno.test("a grid that passes an axis is named", async () => {
  const error = await failureOf((y) => one(y, { workgroups: [65_536, 1] }));
  ok(error instanceof GpuError);
  ok(/^Cannot run one\.forward: .*65536.*65535/s.test(error.message), error.message);
});

Deno.test("a tensor without memory is named", async () => {
  using gpu = await Gpu.open();
  const storage = { label: "y", kind: "activations", sizeBytes: 16 } as const;
  const y: Tensor = { label: "y", shape: [4], dtype: "f32", storage, offsetBytes: 0 };
  throws(
    () => gpu.run(one(y)),
    new GpuError("Cannot run one.forward: y has no memory yet; build its plan first"),
  );
});

Deno.test("Gpu.open() says so when the kind of adapter that is asked for is missing", async () => {
  using gpu = await Gpu.open();
  if (!gpu.adapter.software) return; // a machine with both has nothing to refuse
  await rejects(
    Gpu.open({ accelerator: "gpu" }),
    new GpuError(
      "Cannot open a GPU: no hardware WebGPU adapter found; install the GPU's Vulkan driver, or " +
        "write accelerator=cpu to use a software one",
    ),
  );
});
