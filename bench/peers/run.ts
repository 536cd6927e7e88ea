/**
 * Times the same work with our kernels and with what a user could pick instead, in turns, and
 * writes what was found.
 *
 *     deno task bench:peers [only=matmul,step] [rounds=7] [python=python3] [out=bench/results]
 *
 * Peers that a machine lacks, or that fail, are listed with the reason.
 */
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemFacts } from "../../src/machine/system.ts";
import { Contender } from "./contender.ts";
import { contest, type Entrant } from "./contest.ts";
import { type Finding, findingOf, type Findings } from "./findings.ts";
import { OURSELVES, peerList, type PeerStart } from "./peer_list.ts";
import { ratioPlot } from "./plot.ts";
import { markdownReport } from "./report.ts";
import { threeDigits } from "./statistics.ts";
import { verdicts } from "./targets.ts";
import { worksFor } from "./works.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const OPTIONS = { only: "", rounds: "7", python: "python3", out: join(ROOT, "bench/results") };

/** `key=value` arguments over the defaults. @throws {Error} For a key that there is none of. */
function optionsFrom(args: readonly string[]): typeof OPTIONS {
  const options = { ...OPTIONS };
  for (const arg of args) {
    const [key, ...value] = arg.split("=");
    if (!(key in options) || value.length === 0) {
      throw new Error(
        `Cannot run bench:peers: ${arg} must be one of ${
          Object.keys(OPTIONS).map((name) => `${name}=...`).join(", ")
        }`,
      );
    }
    options[key as keyof typeof OPTIONS] = value.join("=");
  }
  return options;
}

async function main(args: readonly string[]): Promise<void> {
  const options = optionsFrom(args);
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

    const commit = await describeCommit(); // before somebody makes another
    const [loadBefore] = loadavg();
    const findings = await findAll(entrants, software, options);
    const { os, cores } = await systemFacts();
    const found: Findings = {
      date: new Date().toISOString(),
      commit,
      adapter: device,
      software,
      machine: { os, processor: await processor(), cores, loadBefore, loadAfter: loadavg()[0] },
      peers: Object.fromEntries(entrants.map(({ contender: { name, introduction } }) => [
        name,
        { device: introduction.device, versions: introduction.versions },
      ])),
      missing,
      findings,
    };
    await writeFindings(found, options.out);
  } finally {
    for (const { contender } of entrants) await contender.stop();
  }
}

async function findAll(
  entrants: readonly Entrant[],
  software: boolean,
  { only, rounds }: typeof OPTIONS,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const wanted = only.toLowerCase().split(",");
  for (const work of worksFor({ software })) {
    if (!wanted.some((part) => work.name.toLowerCase().includes(part))) continue;
    console.log(`\n${work.name}`);
    const folder = await Deno.makeTempDir({ prefix: "denodino-peers-" });
    const finding = findingOf(await contest(work, entrants, { folder, rounds: Number(rounds) }));
    for (const { name, medianMs, ratio, gflops, imagesPerSecond } of finding.entries) {
      const rate = gflops !== null
        ? `${threeDigits(gflops)} GFLOP/s`
        : imagesPerSecond !== null
        ? `${threeDigits(imagesPerSecond)} images/s`
        : "";
      const columns = [`${threeDigits(medianMs)} ms`, `${threeDigits(ratio)} x`, rate];
      console.log(`  ${name.padEnd(22)}${columns.map((each) => each.padStart(16)).join("")}`);
    }
    for (const [name, why] of Object.entries(finding.absent)) console.log(`  ${name}: ${why}`);
    findings.push(finding);
  }
  return findings;
}

async function writeFindings(found: Findings, out: string): Promise<void> {
  const slug = found.adapter.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  const folder = join(out, slug);
  await Deno.mkdir(folder, { recursive: true });
  const title = `Time relative to ours on ${found.adapter}; left of the line is faster`;
  await Deno.writeTextFile(join(folder, "peers.json"), JSON.stringify(found, null, 2) + "\n");
  await Deno.writeTextFile(join(folder, "peers.md"), markdownReport(found));
  await Deno.writeTextFile(join(folder, "peers.svg"), ratioPlot(found.findings, title));
  console.log("");
  for (const { work, wanted, reached, reachedOfCpu, verdict } of verdicts(found)) {
    const value = reached === null ? "not measured" : threeDigits(reached);
    const ofCpu = reachedOfCpu === null ? "" : `, ${threeDigits(reachedOfCpu)} by processor time`;
    console.log(`${work}: at least ${wanted}; ${value} by the clock${ofCpu}: ${verdict}`);
  }
  console.log(`\nwritten to ${folder}`);
}

async function describeCommit(): Promise<string> {
  const git = new Deno.Command("git", { args: ["describe", "--always", "--dirty"], cwd: ROOT });
  const output = await git.output().catch(() => null);
  return output?.success ? new TextDecoder().decode(output.stdout).trim() : "unknown";
}

/** What the processor calls itself. */
async function processor(): Promise<string> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? "a processor without a name";
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
