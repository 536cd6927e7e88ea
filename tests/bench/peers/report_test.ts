import { deepEqual, equal, ok } from "node:assert/strict";
import { markdownReport, table } from "../../../bench/peers/report.ts";
import { verdicts } from "../../../bench/peers/targets.ts";
import { entry, FOUND } from "./findings_support.ts";

const BY_CPU = "missed by the clock, met by processor time";

Deno.test("table() lines columns up, numbers to the right", () => {
  deepEqual(table(["who", "ms"], [["we", "1.5"], ["they", ""], ["all", "12"]]), [
    "| who  |  ms |",
    "| ---- | --: |",
    "| we   | 1.5 |",
    "| they |     |",
    "| all  |  12 |",
  ]);
});

Deno.test("markdownReport() has targets, works, reasons and peers", () => {
  const lines = markdownReport(FOUND).split("\n");
  const cells = lines.filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const has = (...row: string[]) => ok(cells.some((found) => found.join() === row.join()), row[0]);
  has("matmul 1024 x 1024 x 1024", "30 GFLOP/s", "42.9", "47.7", "met");
  has("matmul 1024 x 1024 x 1024", "5 x jax-js, WebGPU", "4.90", "5.40", BY_CPU);
  has("denodino", "50.0", "55.0", "42.9", "1.00", "90.0", "1.50", "");
  has("jax-js, WebGPU", "245", "270", "8.76", "4.90", "441", "5.40", "2e-6");
  has("PyTorch, CUDA fp32", "", "missing: finds no CUDA device");
  ok(lines.includes("- TensorFlow.js, WebGPU: only its matrix product runs in Deno"));
  ok(lines.includes(
    "2026-01-02 03:04 UTC, commit abcdef1, Debian, EPYC, 2 cores (load 0.123 before, 2.50 after).",
  ));
});

Deno.test("verdicts() are those of the adapter, and a peer that is not there meets nothing", () => {
  const [finding] = FOUND.findings;
  const alone = { ...FOUND, findings: [{ ...finding, entries: [entry("denodino", 1)] }] };
  deepEqual(
    verdicts(alone).map(({ reached, reachedOfCpu, verdict }) => [
      reached,
      reachedOfCpu && Math.round(reachedOfCpu),
      verdict,
    ]),
    [[42.9, 48, "met"], [null, null, "missed"]],
  );
  equal(verdicts({ ...FOUND, adapter: "some GPU" }).length, 0);
});
