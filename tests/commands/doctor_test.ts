import { deepEqual, equal, match, ok } from "node:assert/strict";
import { describeMachine } from "../../src/commands/doctor_text.ts";
import { styleOf } from "../../src/commands/style.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { examineMachine, type MachineReport } from "../../src/machine/examine.ts";
import { runWith } from "../support/run_program.ts";

const GIB = 2 ** 30;

const READY: MachineReport = {
  version: "0.1.0",
  system: {
    deno: "2.9.6",
    os: "Debian GNU/Linux 12 (bookworm), x86_64",
    cores: 16,
    memoryBytes: 128 * GIB,
    availableBytes: 120 * GIB,
    diskFreeBytes: 900 * GIB,
  },
  adapter: {
    ...DEFAULT_FACTS,
    name: "A GPU",
    driver: "its driver 1.2",
    subgroupSize: 32,
    shaderF16: true,
    timestamps: true,
    maxBindingBytes: 2 * GIB,
    maxBufferBytes: 4 * GIB,
  },
  checks: {
    matmul: { size: 4096, gflops: 23456, maxError: 3.2e-6, right: true },
    copyGigabytesPerSecond: 1234.5,
    half: true,
    longLoop: true,
  },
  decoders: { native: null, wasm: null },
  workers: 15,
  failure: null,
  remedy: [],
  verdict: "ready",
};

const plain = (report: MachineReport) =>
  describeMachine(report, styleOf({ terminal: false, color: false }));

/** Runs the command on a machine that is as the report says. */
const doctor = (report: MachineReport, ...args: string[]) =>
  runWith(["doctor", ...args], { doctor: () => Promise.resolve(report) });

Deno.test("doctor tells of a GPU in aligned lines", async () => {
  const { code, out } = await doctor(READY);
  equal(code, 0);
  equal(
    out,
    `denodino 0.1.0, Deno 2.9.6
system       Debian GNU/Linux 12 (bookworm), x86_64
processor    16 cores, 15 for images
memory       128.0 GiB, 120.0 GiB of it available
adapter      A GPU, hardware
driver       its driver 1.2
features     f16 storage yes, subgroups of 32, timestamps yes
buffers      at most 2048.0 MiB
workgroups   256 lanes, 16 KiB, 8 buffers

ok      adapter      a GPU
ok      matmul       23,456 GFLOP/s, 4096 x 4096, right: error 3.2e-6
ok      copy         1,235 GB/s
ok      f16          stored and read right
ok      long loops   run to their end
ok      images       the native decoder loads and works
ok      images, wasm the WebAssembly decoder loads and works
ok      disk         900.0 GiB free in this folder

ready
`,
  );
  deepEqual(JSON.parse((await doctor(READY, "--json")).out), READY);
});

Deno.test("doctor without an adapter says what to install, and fails", async () => {
  const remedy = ["install your GPU's Vulkan driver", "  sudo apt-get update"];
  const none = { ...READY, adapter: null, checks: null, failure: "none", remedy };
  const { code, out } = await doctor({ ...none, verdict: "not ready" });
  equal(code, 1);
  match(out, /^adapter {6}none$/m);
  match(
    out,
    /^missing adapter {6}no WebGPU adapter found\n {2}install your GPU's Vulkan driver\n {4}sudo apt-get update\n/m,
  );
  match(out, /\n\nnot ready\n$/);
});

Deno.test("doctor tells faults that are no obstacle from those that are", () => {
  const checks = { ...READY.checks!, half: null, longLoop: false };
  const noted = plain({ ...READY, checks, decoders: { native: "no file", wasm: null } });
  match(noted, /^note {4}f16 {10}not offered; precision=16-mixed needs it, float32 does not$/m);
  match(noted, /^note {4}long loops {3}end after 65,535 iterations/m);
  match(noted, /^note {4}images {7}no native decoder \(no file\): PNG, GIF and JPEG alone/m);
  match(noted, /\nready$/);
  const wrong = { ...READY.checks!, matmul: { ...READY.checks!.matmul, right: false } };
  const failed = plain({ ...READY, checks: wrong, failure: "wrong", verdict: "not ready" });
  match(failed, /^missing matmul .* wrong: error 3.2e-6\n {2}update the GPU's driver$/m);
});

Deno.test("doctor has signs and colors for a terminal", () => {
  const text = describeMachine(READY, styleOf({ terminal: true, color: true }));
  match(text, /^.\[32m✓.\[0m matmul/m);
  ok(text.endsWith("\x1b[32mready\x1b[0m"));
  match(describeMachine(READY, styleOf({ terminal: true, color: false })), /^✓ matmul/m);
});

Deno.test("examineMachine() finds this machine able to train", async () => {
  const report = await examineMachine(1);
  const { adapter, checks, decoders, system, failure, verdict } = report;
  equal(failure, null);
  equal(verdict, adapter!.software ? "slow" : "ready");
  ok(checks!.matmul.right && checks!.matmul.gflops > 0 && checks!.copyGigabytesPerSecond > 0);
  equal(checks!.half, adapter!.shaderF16 ? true : null);
  deepEqual(decoders, { native: null, wasm: null });
  ok(system.memoryBytes > 0 && system.cores > 0);
});
