import { equal, match, ok } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";
import { profileChart } from "../../src/profile/profile_chart.ts";
import { describeProfile, ms, profileSummary, workTable } from "../../src/profile/profile_text.ts";
import { stepProfile } from "../../src/profile/step_profile.ts";
import { madeRecord } from "../support/made_profile.ts";

Deno.test("profileSummary() says what a step comes to, and whether targets are met", () => {
  const profile = stepProfile(madeRecord());
  const calls = profile.dispatches.length;
  const memory = profileSummary(profile).at(-1)!;
  equal(
    profileSummary(profile).slice(0, -1).join("\n"),
    `dinov2/vittest, 4 images a step, on made
step 1000 ms, 4.0 images/s; 1000 ms while dispatches are timed: ${calls} ms in ${calls} ` +
      `dispatches, ${1000 - calls} ms between them
means of 2 steps; timed by the GPU's timestamps
limits measured here: 100.0 GFLOP/s, 10.0 GB/s
host 1.1 % (target 2 %, met): inputs 2.00 ms, writes 3.00 ms, encode 4.00 ms, submit 1.00 ms, ` +
      `between steps 1.00 ms; it waited 500 ms for the GPU
data wait 2.0 % (target 5 %, met)`,
  );
  match(memory, /^memory \d\.\d MiB, over the lower bound of \d\.\d MiB by \d\.\d % \(target 10 %/);
});

Deno.test("profileSummary() says that activations are float16", () => {
  const profile = stepProfile(madeRecord({ options: { precision: "16-mixed" } }));
  equal(profile.elem, "f16");
  equal(profileSummary(profile)[0], "dinov2/vittest, 4 images a step in 16-mixed, on made");
});

Deno.test("profileSummary() says where numbers are coarse, or missing", () => {
  const record = madeRecord({ steps: 1 });
  const lines = profileSummary(stepProfile({
    ...record,
    limits: null,
    subject: { ...record.subject, data: "noise" },
    clock: { method: "waiting", waitingMs: 10.25 },
  }));
  equal(
    lines[2],
    "means of 1 step; the adapter has no usable timestamps: each dispatch was submitted alone " +
      "and waited for, less the 10.3 ms that waiting takes by itself; short ones are not told apart",
  );
  equal(lines[3], "the adapter's limits could not be measured: there was no memory left for it");
  equal(lines[5], "data wait not measured: the steps ran on noise");
});

Deno.test("workTable() adds up what it leaves out", () => {
  const work = (name: string, ms: number, flops = 0) => ({
    name,
    dispatches: 2,
    ms,
    share: ms / 20,
    flops,
    bytes: 1e6,
    gflops: flops / ms / 1e6,
    gigabytesPerSecond: 1 / ms,
    limitShare: 0.5,
    roof: "memory" as const,
    blame: "memory" as const,
  });
  equal(
    workTable("kernel", [work("matmul.store", 12, 6e8), work("add", 5), work("fill", 3)], 1),
    `
| kernel       | calls |   ms |  share | GFLOP/s | GB/s | of limit | roof   | due to |
| ------------ | ----: | ---: | -----: | ------: | ---: | -------: | ------ | ------ |
| matmul.store |     2 | 12.0 | 60.0 % |    50.0 |  0.1 |     50 % | memory | memory |
| 2 more       |     4 | 8.00 | 40.0 % |         |      |          |        |        |`.slice(1),
  );
});

Deno.test("ms() keeps three digits", () => {
  equal([1234.5, 123.4, 12.34, 1.234, 0.1234].map(ms).join(" "), "1235 123 12.3 1.23 0.123");
});

Deno.test("describeProfile() shows the first rows, or all of them block by block", () => {
  const profile = stepProfile(madeRecord());
  ok(!describeProfile(profile).includes("blocks.0"));
  const all = describeProfile(profile, { all: true });
  for (const { name } of [...profile.kernels, ...profile.layers, ...profile.parts]) {
    ok(all.includes(`| ${name} `), name);
  }
});

Deno.test("profileChart() is a picture, with limits and without", async () => {
  const record = madeRecord();
  for (const limits of [record.limits, null]) {
    const { width, height } = await decodeImage(profileChart(stepProfile({ ...record, limits })));
    ok(width > 1000 && height > 800, `${width} x ${height}`);
  }
});
