/**
 * Kills a process that does nothing but save checkpoints, again and again, and reads what it left:
 * `deno run -A bench/faults/kill_while_saving.ts [kills]`.
 *
 * Exits with 1 if `last.safetensors` is once missing, half, damaged or older than the save before.
 */
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import { RunFolder } from "../../src/training/run_folder.ts";

const KILLS = Number(Deno.args[0] ?? 100);

/** A save of the tiny step takes about this long: kills are spread over it. */
const SPREAD_MS = 120;

const CHILD = fileURLToPath(new URL("./save_forever.ts", import.meta.url));

/** What a kill cut short, by what lies in the folder. */
type Moment = "while the file was written" | "before last named it" | "in between saves";

async function main(): Promise<number> {
  const out = await Deno.makeTempDir({ prefix: "kill-while-saving-" });
  const folder = new RunFolder(out);
  const moments = new Map<Moment, number>();
  const faults: string[] = [];
  let step = 1;
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      await killedSaving(out, step);
      const moment = await momentOf(folder);
      moments.set(moment, (moments.get(moment) ?? 0) + 1);
      try {
        const saved = await stepOfLast(folder);
        const newest = (await folder.savedCheckpoints()).at(-1)!.step;
        if (saved < newest - 1) faults.push(`kill ${kill}: last is ${saved}, newest ${newest}`);
        step = saved + 1; // as a run does that is resumed
      } catch (error) {
        faults.push(`kill ${kill}, ${moment}: ${(error as Error).message}`);
      }
    }
  } finally {
    await Deno.remove(out, { recursive: true });
  }
  console.log("| killed | kills |\n| --- | ---: |");
  for (const [moment, count] of moments) console.log(`| ${moment} | ${count} |`);
  for (const fault of faults) console.log(fault);
  console.log(`\nlast.safetensors was whole after ${KILLS - faults.length} of ${KILLS} kills`);
  return faults.length === 0 ? 0 : 1;
}

async function killedSaving(out: string, step: number): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CHILD, out, String(step)],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read(); // it has begun
  // The first time it must come to have one checkpoint.
  const firstMs = step === 1 ? 1000 : 0;
  await new Promise((resolve) => setTimeout(resolve, firstMs + Math.random() * SPREAD_MS));
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
}

/** The step in the last checkpoint, every byte of which is what was written. */
async function stepOfLast(folder: RunFolder): Promise<number> {
  await using file = await SafetensorsFile.open(folder.lastCheckpoint);
  if (!await file.verify()) throw new Error("there is no hash");
  return Number(file.metadata.step);
}

async function momentOf(folder: RunFolder): Promise<Moment> {
  const names = await readdir(folder.checkpoints);
  if (names.some((name) => /^epoch.*\.tmp$/.test(name))) return "while the file was written";
  const newest = (await folder.savedCheckpoints()).at(-1)!.step;
  const last = await stepOfLast(folder).catch(() => NaN);
  return last === newest ? "in between saves" : "before last named it";
}

Deno.exit(await main());
