/**
 * Times the same work with our kernels and with what a user could pick instead, in turns, and
 * writes what was found.
 *
 *     deno task bench:peers [only=matmul,step] [rounds=7] [python=python3] [out=bench/results]
 *
 * Peers that a machine lacks, or that fail, are listed with the reason.
 */
import { join } from "node:path";
import { positiveNumber, readOptions, runMain, wantedOf } from "../support/options.ts";
import { originNow, RESULTS, resultsFolder } from "../support/results.ts";
import { Contender } from "./contender.ts";
import { contest, type Entrant } from "./contest.ts";
import { type Finding, findingOf, type Findings } from "./findings.ts";
import { OURSELVES, peerList, type PeerStart } from "./peer_list.ts";
import { ratioPlot } from "./plot.ts";
import { markdownReport } from "./report.ts";
import { threeDigits } from "../support/statistics.ts";
import { verdicts } from "./targets.ts";
import { worksFor } from "./works.ts";

const OPTIONS = { only: "", rounds: "7", python: "python3", out: RESULTS };

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions("bench:peers", args, OPTIONS);
  const missing: Findings["missing"] = {};
  const entrants: Entrant[] = [];
  const enter = async ({ name, numbers, command }: PeerStart) => {
    try {
      entrants.push({ contender: await Contender.start(name, command), numbers });
    } catch (error) {
      missing[name] = (error as Error).message;
    }
  };
  try {
    await enter(OURSELVES);
    if (entrants.length === 0) throw new Error(missing[OURSELVES.name]);
    const { device, software } = entrants[0].contender.introduction;
    console.log(`on ${device}`);
    for (const peer of peerList({ software, python: options.python })) await enter(peer);
    for (const [name, reason] of Object.entries(missing)) console.log(`without ${name}: ${reason}`);

    const origin = await originNow();
    const peers = Object.fromEntries(entrants.map(({ contender: { name, introduction } }) => [
      name,
      { device: introduction.device, versions: introduction.versions },
    ]));
    const findings: Finding[] = [];
    // Written down after each work, so that whatever ends the run loses none.
    for await (const finding of findEach(entrants, software, options)) {
      findings.push(finding);
      const from = await origin({ name: device, software });
      await writeFindings({ ...from, peers, missing, findings }, options.out);
    }
    const found = { ...await origin({ name: device, software }), peers, missing, findings };
    printVerdicts(found);
    console.log(`\nwritten to ${await resultsFolder(options.out, device)}`);
  } finally {
    for (const { contender } of entrants) await contender.stop();
  }
}

async function* findEach(
  entrants: readonly Entrant[],
  software: boolean,
  { only, rounds }: typeof OPTIONS,
): AsyncGenerator<Finding> {
  const times = positiveNumber("bench:peers", "rounds", rounds);
  for (const work of wantedOf("bench:peers", "only", worksFor({ software }), only)) {
    console.log(`\n${work.name}`);
    const folder = await Deno.makeTempDir({ prefix: "denodino-peers-" });
    const finding = findingOf(await contest(work, entrants, { folder, rounds: times }));
    printFinding(finding);
    yield finding;
  }
}

function printFinding({ entries, absent }: Finding): void {
  for (const { name, medianMs, ratio, gflops, imagesPerSecond } of entries) {
    const rate = gflops !== null
      ? `${threeDigits(gflops)} GFLOP/s`
      : imagesPerSecond !== null
      ? `${threeDigits(imagesPerSecond)} images/s`
      : "";
    const columns = [`${threeDigits(medianMs)} ms`, `${threeDigits(ratio)} x`, rate];
    console.log(`  ${name.padEnd(22)}${columns.map((each) => each.padStart(16)).join("")}`);
  }
  for (const [name, why] of Object.entries(absent)) console.log(`  ${name}: ${why}`);
}

async function writeFindings(found: Findings, out: string): Promise<void> {
  const folder = await resultsFolder(out, found.adapter);
  const title = `Time relative to ours on ${found.adapter}; left of the line is faster`;
  await Deno.writeTextFile(join(folder, "peers.json"), JSON.stringify(found, null, 2) + "\n");
  await Deno.writeTextFile(join(folder, "peers.md"), markdownReport(found));
  await Deno.writeTextFile(join(folder, "peers.svg"), ratioPlot(found.findings, title));
}

function printVerdicts(found: Findings): void {
  console.log("");
  for (const { work, wanted, reached, reachedOfCpu, verdict } of verdicts(found)) {
    const value = reached === null ? "not measured" : threeDigits(reached);
    const ofCpu = reachedOfCpu === null ? "" : `, ${threeDigits(reachedOfCpu)} by processor time`;
    console.log(`${work}: at least ${wanted}; ${value} by the clock${ofCpu}: ${verdict}`);
  }
}

if (import.meta.main) await runMain(main);
