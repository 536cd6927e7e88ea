import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GPU_MODELS, peakGflops } from "../../src/profile/gpu_models.ts";
import { COUNTED_KERNELS, traitsOf } from "../../src/profile/kernel_traits.ts";
import { paperChart } from "../../src/profile/paper_chart.ts";
import { ASSUMED, paperRoofline, placementOf } from "../../src/profile/paper_roofline.ts";
import { describePaper } from "../../src/profile/paper_text.ts";
import { assertAllClose } from "../support/arrays.ts";
import { dispatchOf, stepOnPaper } from "../support/on_paper.ts";

const { h100 } = GPU_MODELS;
const SOURCE = "@compute @workgroup_size(256) fn forward() {}";
const GFLOP_MS = 1e9 / peakGflops(h100) / 1e6;

Deno.test("the H100 has the peak that is published of it", () => {
  equal(Math.round(peakGflops(h100) / 1000), 67);
});

Deno.test("placementOf() takes the resource that runs out first", () => {
  const residents = (source: string, label = "made_up.forward") =>
    placementOf(dispatchOf(source, { label, workgroups: 1e6 }), h100).resident;
  equal(residents(SOURCE), 8); // 2048 lanes
  equal(residents(SOURCE.replace("256", "32")), 32); // workgroups
  equal(
    residents(`var<workgroup> w: array<vec4f, 2048>; ${SOURCE.replace("{", "{ w[0] = w[1];")}`),
    6,
  ); // 33 KiB
  equal(residents(SOURCE.replace("256", "128"), "matmul_tiled.store"), 3); // 168 registers
});

Deno.test("placementOf() knows how long the last workgroups are waited for", () => {
  const tailOf = (workgroups: number) => placementOf(dispatchOf(SOURCE, { workgroups }), h100).tail;
  assertAllClose([132, 133, 264, 66].map(tailOf), [1, 133 / 264, 1, 0.5]);
});

Deno.test("paperRoofline() bounds arithmetic by the tail, and memory by what is on its way", () => {
  const full = { workgroups: 132 * 8 };
  const many = dispatchOf(SOURCE, { ...full, flops: 1e9, bytes: 8 });
  const few = dispatchOf(SOURCE, { workgroups: 66, flops: 1e9, bytes: 8 });
  const [one] = paperRoofline([many], h100, 8).kernels;
  assertAllClose([one.rooflineMs, one.leastMs], [GFLOP_MS, GFLOP_MS]);
  equal(one.roof, "arithmetic");
  const { rooflineMs, leastMs } = paperRoofline([few], h100, 8);
  assertAllClose([rooflineMs, leastMs], [GFLOP_MS, 2 * GFLOP_MS]);

  const moved = dispatchOf(SOURCE, { ...full, bytes: 3.35e9 });
  const { kernels: [memory], ...step } = paperRoofline([moved], h100, 8);
  assertAllClose([memory.leastMs, step.mostImagesPerSecond], [1, 8000]);
  // 132 · 2048 lanes with 4 bytes each on their way for 600 ns.
  const share = 132 * 2048 * 4 / (ASSUMED.latencyNs * 3350);
  assertAllClose([memory.cautiousMs], [1 / share + ASSUMED.gapUs / 1000]);
  equal(memory.roof, "memory");
});

Deno.test("paperRoofline() adds up kernels by name: cautious is never less than least", () => {
  const paper = paperRoofline(stepOnPaper(), h100, 8);
  const names = paper.kernels.map(({ name }) => name);
  deepEqual(names, [...new Set(names)]);
  for (const { name, rooflineMs, leastMs, cautiousMs } of paper.kernels) {
    ok(rooflineMs > 0 && rooflineMs <= leastMs && leastMs < cautiousMs, name);
  }
  ok(paper.mostImagesPerSecond > paper.cautiousImagesPerSecond);
});

Deno.test("traitsOf() counts vectors from workgroup memory by the tile of attention", () => {
  const attention = (constants: Record<string, number>) =>
    traitsOf(dispatchOf("", { label: "attention.forward", constants }));
  // Scores: 8 vectors for 16 products; results: 3 for 8.
  const { workgroupBytesPerFlop } = attention({ HEAD_DIM: 64, KEYS_PER_LANE: 4 });
  assertAllClose([workgroupBytesPerFlop], [(8 * 16 / (16 * 8) + 3 * 16 / (8 * 8)) / 2]);
  ok(attention({ HEAD_DIM: 64, KEYS_PER_LANE: 1 }).workgroupBytesPerFlop > workgroupBytesPerFlop);
});

Deno.test("what was counted is of kernels that there are", () => {
  const folder = fileURLToPath(new URL("../../kernels/", import.meta.url));
  const kernels = readdirSync(folder).map((file) => file.replace(/\.wgsl$/, ""));
  for (const name of COUNTED_KERNELS) ok(kernels.includes(name.split(".")[0]), name);
});

Deno.test("describePaper() says that nothing was measured, and has a table", () => {
  const paper = paperRoofline(stepOnPaper(), h100, 8);
  const text = describePaper(paper);
  ok(text.startsWith("8 images a step on paper, NVIDIA H100 SXM: 66.9 TFLOP/s, 3.35 TB/s; "));
  ok(text.includes("nothing was measured"));
  ok(/\| matmul_tiled\.store +\| +\d+ \|/.test(text));
  ok(/\| \d+ more +\|/.test(text));
  const png = paperChart(paper);
  deepEqual([...png.slice(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
});

Deno.test("paperRoofline() counts what tiles have past the edges", () => {
  const tiles = { workgroups: 132 * 8, flops: 1e9, tileFlops: 1.25e9, bytes: 8 };
  const [{ edge, tail, leastMs }] = paperRoofline([dispatchOf(SOURCE, tiles)], h100, 8).kernels;
  assertAllClose([edge, tail, leastMs], [0.8, 1, 1.25 * GFLOP_MS]);
});
