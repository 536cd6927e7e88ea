import { deepEqual, equal, match } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { goldenCase, readCase } from "../src/golden/case.ts";
import { Comparison } from "../src/golden/comparison.ts";
import { replayGolden } from "../src/golden/golden.ts";
import { sampled } from "../src/golden/sampled.ts";
import { replayTraining } from "../src/golden/training_case.ts";
import { replayUnits } from "../src/golden/units.ts";
import { openDevice } from "../src/gpu/device.ts";
import { Gpu } from "../src/gpu/gpu.ts";
import { SafetensorsMap } from "../src/safetensors.ts";
import { recordSteps } from "./support/recorded_step.ts";
import { tinyBatch, type TinyOptions, tinyShape, TinyStep } from "./support/tiny_step.ts";

const ROOT = fileURLToPath(new URL("./golden/", import.meta.url));

const open = await openDevice();
const SHADER_F16 = open.facts.shaderF16;
open.close();

const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();

Deno.test("replayGolden() finds every recorded case in tolerance", async (t) => {
  for (const folder of FOLDERS) {
    await t.step(folder, async () => {
      const lines: string[] = [];
      const failed = await replayGolden([ROOT + folder], { print: (line) => lines.push(line) });
      const failures = lines.filter((line) => line.startsWith("FAIL"));
      equal(failures.join("\n"), "");
      equal(failed, 0);
      match(lines.at(-1)!, /^\d+ passed, 0 failed$/);
    });
  }
});

/** Cases that between them run every op with more than one variant. */
const EVERY_OP = [
  "unit_adamw",
  "unit_layers",
  "unit_losses",
  "tiny_registers_swiglu",
  "tiny_softmax",
];

for (const [kernels, variant] of [["gpu", 0], ["gpu", 1], ["cpu", 0]] as const) {
  const forced = `kernels=${kernels}, variant ${variant}`;
  Deno.test(`replayGolden() finds cases in tolerance with ${forced}`, async () => {
    const lines: string[] = [];
    const options = { print: (line: string) => void lines.push(line), kernels, variant };
    const failed = await replayGolden(EVERY_OP.map((folder) => ROOT + folder), options);
    equal(lines.filter((line) => line.startsWith("FAIL")).join("\n"), "");
    equal(failed, 0);
    match(lines[0], new RegExp(`^on .+, kernels=${kernels}, precision=32-true$`));
  });
}

for (const kernels of ["gpu", "cpu"] as const) {
  Deno.test({
    name: `replayGolden() finds cases in tolerance with 16-mixed on kernels=${kernels}`,
    ignore: !SHADER_F16,
    fn: async () => {
      const lines: string[] = [];
      const print = (line: string) => void lines.push(line);
      const folders = FOLDERS.filter((folder) => /^(tiny|unit)_/.test(folder));
      const options = { print, kernels, precision: "16-mixed" } as const;
      const failed = await replayGolden(folders.map((folder) => ROOT + folder), options);
      equal(lines.filter((line) => line.startsWith("FAIL")).join("\n"), "");
      equal(failed, 0);
      match(lines[0], /, precision=16-mixed$/);
    },
  });
}

Deno.test("replayGolden() names what is no computation of a run and goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "golden-"));
  try {
    const weights = { format: "dinov2-unheard-of-golden/1", name: "other" };
    await writeFile(join(folder, "case.json"), JSON.stringify(weights));
    const noTensors = "\x08\0\0\0\0\0\0\0{}      "; // the header's length, and the header
    await writeFile(join(folder, "tensors.safetensors"), noTensors);
    const lines: string[] = [];
    const folders = [folder, `${ROOT}schedules`];
    equal(await replayGolden(folders, { print: (line) => lines.push(line) }), 0);
    equal(
      lines[1],
      "skipped  other: dinov2-unheard-of-golden/1 records no computation of a run",
    );
    match(lines[2], /^schedules /);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** The smallest unit case: GELU of one number, as recorded or made up. */
function geluCase(tensors: Record<string, number>) {
  const map = new SafetensorsMap({});
  for (const [name, value] of Object.entries(tensors)) {
    const data = new Uint8Array(Float32Array.of(value).buffer);
    map.set(`gelu.${name}`, { dtype: "F32", shape: [1], data });
  }
  return goldenCase({ format: "dinov2-unit-golden/1", name: "made", cases: { gelu: {} } }, map);
}

Deno.test("a wrong number and a tensor that nothing compares both fail", async () => {
  using gpu = await Gpu.open();
  const lines: string[] = [];
  const comparison = new Comparison((line) => lines.push(line));
  // gelu(0) = 0 and its slope there is 1/2; the recorded slope is off by 3e-4 of it.
  const golden = geluCase({ x: 0, y: 0, grad_y: 1, grad_x: 0.50015, grad_z: 1 });
  await replayUnits(gpu, golden, comparison);
  for (const name of golden.unread()) comparison.missed(name);
  comparison.summarize();
  match(lines[0], /^PASS .* gelu\.y$/);
  match(lines[1], /^FAIL .* gelu\.grad_x$/);
  match(lines[2], /^FAIL .* gelu\.grad_z \(recorded, but never compared\)$/);
  equal(lines.at(-1), "1 passed, 2 failed");
});

Deno.test("checkPixels() holds mean, 99.9 % and the greatest difference each to its own", () => {
  const lines: string[] = [];
  const comparison = new Comparison((line) => lines.push(line));
  const expected = new Uint8Array(2000);
  const one = Float32Array.from(expected, (_, i) => i === 7 ? 3 : 0);
  const three = Float32Array.from(expected, (_, i) => i < 3 ? 3 : 0);
  comparison.checkPixels("one pixel", one, expected, { mean: 0.002, quantile: 0, max: 3 });
  comparison.checkPixels("three pixels", three, expected, { mean: 1, quantile: 2, max: 3 });
  comparison.checkPixels("mean", three, expected, { mean: 0.004, quantile: 3, max: 3 });
  comparison.checkPixels("greatest", one, expected, { mean: 1, quantile: 2, max: 2 });
  const levels = { mean: 255, quantile: 255, max: 255 };
  comparison.checkPixels("no number", Float32Array.of(0, NaN), [0, 0], levels);
  comparison.checkPixels("a pixel short", [0], [0, 0], levels);
  comparison.summarize();
  equal(
    lines[0],
    "PASS  mean   0.0015  99.9 %        0  max        3  " +
      "tolerance mean    0.002  99.9 %        0  max        3  one pixel",
  );
  deepEqual(lines.slice(1, 6).map((line) => line.slice(0, 4)), Array(5).fill("FAIL"));
  equal(lines.at(-1), "1 passed, 5 failed");
});

Deno.test("checkSampled() names the statistic that is farthest off", () => {
  const lines: string[] = [];
  const comparison = new Comparison((line) => lines.push(line));
  const statistics = [sampled("first", 2, 2.5, 0.25), sampled("second", 10, 9, 0.4)];
  comparison.checkSampled("counts", statistics, 3);
  comparison.checkSampled("counts", statistics, 2);
  comparison.checkSampled("what cannot vary", [sampled("share", 0, 0.1, 0)], 3);
  comparison.checkSampled("no number", [sampled("a", 1, NaN, 1), ...statistics], 3);
  deepEqual(lines, [
    "PASS         9 for       10  errors -2.50  tolerance 3  counts (second, of 2)",
    "FAIL         9 for       10  errors -2.50  tolerance 2  counts (second, of 2)",
    "FAIL       0.1 for        0  errors Infinity  tolerance 3  what cannot vary",
    "FAIL       NaN for        1  errors   NaN  tolerance 3  no number (a, of 3)",
  ]);
});

/** Shapes of the format that no recorded case has. */
const MADE: Record<string, TinyOptions> = {
  "no local views, 101 prototypes, views 16x24, heads of width 10": { shape: { localViews: 0 } },
  "registers, SwiGLU, separate head, Sinkhorn, batch 5, no layer scale": {
    model: { num_register_tokens: 3, ffn_layer: "swiglufused", depth: 1, init_values: null },
    method: { ibot_separate_head: true, center_method: "sinkhorn_knopp" },
    shape: { batchSize: 5, localViews: 1, localSize: [12, 8] },
  },
};

Deno.test("replayTraining() takes shapes that no recorded case has", async (t) => {
  for (const [name, { method, ...options }] of Object.entries(MADE)) {
    await t.step(name, async () => {
      // As in the recorded reference, both heads have the same bottleneck.
      const shape = tinyShape({ ...options, method: { ...method, ibot_bottleneck_dim: 12 } });
      const [masked, other] = [tinyBatch(shape, 40), tinyBatch(shape, 50)];
      const unmasked = { ...other, masks: new Uint8Array(other.masks.length) };
      using tiny = await TinyStep.open(shape);
      const golden = await recordSteps(tiny, [unmasked, masked]);

      using gpu = await Gpu.open();
      const lines: string[] = [];
      const comparison = new Comparison((line) => lines.push(line));
      await replayTraining(gpu, golden, comparison);
      equal(lines.filter((line) => line.startsWith("FAIL")).join("\n"), "");
      deepEqual(golden.unread(), []);
    });
  }
});

Deno.test("readCase() says what a folder of recorded cases holds", async () => {
  const folder = `${ROOT}nothing`;
  let message = "";
  await readCase(folder).catch((error) => message = error.message);
  match(
    message,
    /^Cannot read ".*nothing": it must hold case\.json and tensors\.safetensors, got /,
  );
  match(message, /; name the folders of recorded cases$/);
});
