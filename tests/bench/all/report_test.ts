import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { allParts } from "../../../bench/all/parts.ts";
import {
  type AllRecord,
  isDone,
  newest,
  readRecord,
  writeRecord,
} from "../../../bench/all/record.ts";
import { inBrief, markdownReport, measurementTable } from "../../../bench/all/report.ts";
import { benchFiles } from "../../../src/commands/bench.ts";
import { FOUND } from "../peers/findings_support.ts";

const { date, commit, adapter, software, machine } = FOUND;
const versions = { denodino: "0.1.0", deno: "2" };
const RECORD: AllRecord = {
  origin: { date, commit, adapter, software, machine, versions },
  parts: {
    doctor: { status: "done", seconds: 2.4, why: null, date, commit },
    "golden/gpu": { status: "done", seconds: 20, why: null, date, commit },
    peers: { status: "failed", seconds: 1, why: "first\nno python", date, commit },
    "ops/add": { status: "done", seconds: 3, why: null, date, commit },
  },
  measurements: {
    "ops/add": [{ name: "add 384", medianMs: 1.2345, gigabytesPerSecond: 9.87, shareOfLimit: 0.5 }],
    "ops/matmul": [{ name: "matmul 384", medianMs: 100, gflops: 42 }],
  },
};

Deno.test("markdownReport() has what became of each part, and tables by group", () => {
  const text = markdownReport(RECORD);
  ok(/\| doctor +\| done +\| +2 \| abcdef1 \| \[doctor.json\]\(doctor.json\)/.test(text), text);
  ok(text.includes("[golden_gpu.txt](golden_gpu.txt)"));
  ok(/\| peers +\| failed .*\| no python +\|/.test(text));
  ok(/\| add 384 +\| +1.23 \| +\| 9.87 \| +50 % \|/.test(text), text);
  equal(text.match(/^## ops$/gm)?.length, 1);
});

Deno.test("measurementTable() leaves out numbers that no row has", () => {
  const table = measurementTable([{ name: "decode", imagesPerSecond: 123.4 }]);
  deepEqual(table.split("\n")[0].split("|").map((each) => each.trim()), [
    "",
    "what",
    "images/s",
    "",
  ]);
});

Deno.test("inBrief() keeps what an output is of, and what it comes to", () => {
  equal(
    inBrief("on a GPU\na ok\nb ok\nnearest: b\n2 passed\n"),
    "on a GPU\nnearest: b\n2 passed\n",
  );
  equal(inBrief("alone\n"), "alone\n");
});

Deno.test("a record is read as it was written; a folder without one has nothing", async () => {
  const folder = await Deno.makeTempDir();
  deepEqual(await readRecord(folder), { parts: {}, measurements: {} });
  await writeRecord(folder, RECORD);
  deepEqual(await readRecord(folder), JSON.parse(JSON.stringify(RECORD)));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a part is done where it was at this commit", () => {
  equal(isDone(RECORD.parts.doctor, commit), true);
  equal(isDone(RECORD.parts.doctor, "another"), false);
  equal(isDone(RECORD.parts.peers, commit), false);
  equal(isDone(undefined, commit), false);
});

Deno.test("newest() keeps of an earlier run what a later one did not come to", () => {
  const [a, b, again] = [{ name: "a", ms: 1 }, { name: "b", ms: 1 }, { name: "a", ms: 2 }];
  deepEqual(newest([a, b], [again]), [again, b]);
});

Deno.test("allParts() has every bench once, in different parts", () => {
  const settings = {
    folder: "results/here",
    out: "results",
    software: true,
    golden: "",
    python: "python3",
    rounds: "2",
  };
  const parts = allParts(settings);
  const names = parts.map(({ name }) => name);
  deepEqual(names.slice(0, 9), [
    "doctor",
    "golden/auto",
    "golden/gpu",
    "golden/cpu",
    "golden/16-mixed",
    "profile",
    "step",
    "peers",
    "scaling",
  ]);
  deepEqual(names, [...new Set(names)]);
  const benches = parts.filter(({ keeps }) => keeps === "measurements")
    .flatMap(({ args }) => args.filter((arg) => arg.endsWith("_bench.ts")));
  deepEqual(benches.toSorted(), benchFiles(new URL("../../../", import.meta.url)));
  ok(parts[1].args.some((path) => path.endsWith(join("golden", "tiny_softmax"))));
  ok(parts.find(({ name }) => name === "peers")?.args.includes("rounds=2"));
});
