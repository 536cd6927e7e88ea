import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { DAWN_PACKAGE } from "../../src/deps/webgpu.ts";
import { acceptKernels, dawnGpu } from "../../src/gpu/dawn.ts";
import { GpuError } from "../../src/gpu/errors.ts";

Deno.test("dawnGpu() says so when the package cannot be loaded, and tries again", async () => {
  const load = () => Promise.reject(new Error("no network\n    at somewhere"));
  const refusal = new GpuError(
    `Cannot open Dawn: ${DAWN_PACKAGE} must be there to be loaded, got "no network"; run this ` +
      "once where npm packages can be downloaded, or leave out accelerator=dawn",
  );
  await rejects(dawnGpu(load), refusal);
  const asked: string[][] = [];
  const gpu = {} as GPU;
  const create = (flags: string[]) => (asked.push(flags), gpu);
  equal(await dawnGpu(() => Promise.resolve({ create })), gpu);
  equal(await dawnGpu(() => Promise.resolve({ create })), gpu);
  deepEqual(asked, [["enable-dawn-features=allow_unsafe_apis"]], "one instance serves all");
});

Deno.test("acceptKernels() names the extension that a kernel's subgroups are, on its first line", () => {
  const codes: string[] = [];
  const device = acceptKernels(
    { createShaderModule: ({ code }: { code: string }) => void codes.push(code) } as never,
  );
  device.createShaderModule({ code: "alias elem = f32;\nfn f() { subgroupAdd(1.0); }" });
  device.createShaderModule({ code: "// no subgroup here" });
  deepEqual(codes, [
    "enable subgroups; alias elem = f32;\nfn f() { subgroupAdd(1.0); }",
    "// no subgroup here",
  ]);
});

Deno.test("the package's name is none that everybody downloads", async () => {
  const source = await Deno.readTextFile(new URL("../../src/deps/webgpu.ts", import.meta.url));
  ok(!/import\(\s*["'`]/.test(source));
  const lock = await Deno.readTextFile(new URL("../../deno.lock", import.meta.url));
  ok(!lock.includes(DAWN_PACKAGE));
});
