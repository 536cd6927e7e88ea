/**
 * Measures everything on this machine in one call, and collects it: recorded cases, doctor, a
 * step's profile, peers, how cost grows, every bench.
 *
 *     deno task bench:all [parts=ops,peers] [minutes=60] [again=true] [golden=DIR] [rounds=3]
 *
 * Each part is a process of its own: one that fails, or takes too long, takes nothing else along.
 * Another call goes on with what is not done at the same commit.
 */
import { join, resolve } from "node:path";
import { measurementsIn } from "../../src/commands/bench.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { positiveNumber, readOptions, runMain, wantedOf } from "../support/options.ts";
import { describeCommit, originNow, RESULTS, resultsFolder } from "../support/results.ts";
import { allParts, type Part, PROJECT } from "./parts.ts";
import {
  type AllRecord,
  type BenchLine,
  isDone,
  newest,
  readRecord,
  writeRecord,
} from "./record.ts";
import { inBrief, markdownReport } from "./report.ts";
import { type PartOutcome, runPart } from "./run_part.ts";

const OPTIONS = {
  parts: "",
  minutes: "60",
  again: "false",
  golden: "",
  rounds: "",
  python: "python3",
  out: RESULTS,
};

/** Too short a time to begin anything in. */
const LEAST_SECONDS = 5;

async function main(args: readonly string[]): Promise<void> {
  const { parts: wanted, minutes, again, rounds, python, ...folders } = readOptions(
    "bench:all",
    args,
    OPTIONS,
  );
  if (again !== "true" && again !== "false") {
    throw new Error(`Cannot run bench:all: again must be true or false, got "${again}"`);
  }
  const out = resolve(folders.out); // parts run in the project's folder
  const golden = folders.golden === "" ? "" : resolve(folders.golden);
  const ends = performance.now() + 60_000 * positiveNumber("bench:all", "minutes", minutes);
  const { facts, close } = await openDevice();
  close();
  const folder = await resultsFolder(out, facts.name);
  const origin = await originNow();
  const commit = await describeCommit();
  const all = allParts({ folder, out, software: facts.software, golden, rounds, python });
  const parts = wantedOf("bench:all", "parts", all, wanted);
  const record: AllRecord = { ...await readRecord(folder), origin: await origin(facts) };
  console.log(`on ${facts.name}, ${parts.length} parts, results in ${folder}`);
  let failed = 0;
  for (const part of parts) {
    if (again !== "true" && isDone(record.parts[part.name], commit)) {
      console.log(`${part.name}: done before`);
      continue;
    }
    const secondsLeft = (ends - performance.now()) / 1000;
    if (secondsLeft < LEAST_SECONDS) {
      console.log(`${part.name}: no time left; the same call goes on there`);
      continue;
    }
    const outcome = await runPart(part, { folder: PROJECT, secondsLeft });
    await keep(record, part, outcome, folder);
    const { output: _, ...rest } = outcome;
    record.parts[part.name] = { ...rest, date: new Date().toISOString(), commit };
    record.origin = await origin(facts);
    await writeRecord(folder, record);
    await Deno.writeTextFile(join(folder, "all.md"), markdownReport(record));
    if (outcome.status !== "done") failed++;
    console.log(`${part.name}: ${outcome.status}, ${outcome.seconds.toFixed(0)} s`);
    if (outcome.why !== null) console.log(outcome.why.replace(/^/gm, "  "));
  }
  console.log(`\nwritten to ${join(folder, "all.md")}`);
  if (failed > 0) throw new Error(`${failed} ${failed === 1 ? "part is" : "parts are"} not done`);
}

/** Puts what a part printed where it belongs; of one that failed, as much as there is. */
async function keep(
  record: AllRecord,
  { name, keeps }: Part,
  { status, output }: PartOutcome,
  folder: string,
): Promise<void> {
  if (keeps === "measurements") {
    const lines = measurementsIn(output) as BenchLine[];
    record.measurements[name] = newest(record.measurements[name] ?? [], lines);
  } else if (keeps !== "nothing" && (status === "done" || output !== "")) {
    const text = keeps.briefly && status === "done" ? inBrief(output) : output;
    await Deno.writeTextFile(join(folder, keeps.file), text);
  }
}

if (import.meta.main) await runMain(main);
