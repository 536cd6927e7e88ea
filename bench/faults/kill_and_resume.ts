/**
 * Kills a tiny run at random moments, resumes it to its end, and holds it against a run that nobody
 * disturbed: `deno run -A bench/faults/kill_and_resume.ts [kills] [steps]`.
 *
 * Exits with 1 if a single byte of a tensor or a number of a row differs.
 */
import { deepEqual } from "node:assert/strict";
import { writeTextureSet } from "../../src/demo/texture_set.ts";
import { readMetrics } from "../../src/training/metrics_file.ts";
import { lossesOf, startChild, tensorsOf, untilExists } from "../../tests/support/child_run.ts";
import { TINY_IMAGES } from "../../tests/support/tiny_run.ts";

const KILLS = Number(Deno.args[0] ?? 40);
const STEPS = Number(Deno.args[1] ?? 60);
const SAVE_EVERY = 3;

/** Ways to run that a resume must not be able to tell apart from itself. */
const VARIANTS = [
  { views_on: "workers", gradient_accumulation_steps: 1 },
  { views_on: "workers", gradient_accumulation_steps: 2 },
  { views_on: "gpu", gradient_accumulation_steps: 1 },
  { views_on: "gpu", gradient_accumulation_steps: 2 },
] as const;

interface Outcome {
  variant: string;
  workers: string;
  /** Rows of metrics at the kill: the step it came in. */
  killedIn: number;
  resumedAt: number;
  tensors: string;
  rows: string;
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "kill-and-resume-" });
  try {
    const data = `${folder}/data`;
    await writeTextureSet(data, { images: TINY_IMAGES, size: 40 });
    const outcomes: Outcome[] = [];
    for (const [at, variant] of VARIANTS.entries()) {
      const kills = Math.floor((KILLS + VARIANTS.length - 1 - at) / VARIANTS.length);
      if (kills === 0) continue;
      const settings = {
        ...variant,
        data,
        steps: STEPS,
        log_every_num_steps: 2, // features are looked at as often
        callbacks: { model_checkpoint: { every_n_train_steps: SAVE_EVERY } },
      };
      const whole = `${folder}/whole-${at}`;
      const wholeMs = await undisturbed({ ...settings, out: whole });
      for (let kill = 0; kill < kills;) {
        const out = `${folder}/killed-${at}-${kill}`;
        const outcome = await killedOnce({ ...settings, out }, whole, Math.random() * wholeMs);
        await Deno.remove(out, { recursive: true });
        if (outcome === undefined) continue; // it was faster than the kill
        print(outcome, outcomes.push(outcome));
        kill++;
      }
    }
    const wrong = outcomes.filter(({ tensors, rows }) => tensors !== "same" || rows !== "same");
    console.log(`\n${outcomes.length - wrong.length} of ${outcomes.length} runs are the same`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs to the end; returns how long it takes from its first checkpoint on. */
async function undisturbed(settings: { out: string }): Promise<number> {
  const child = startChild(settings);
  await untilExists(`${settings.out}/checkpoints/last.safetensors`, child);
  const started = performance.now();
  const { code, output } = await child.end;
  if (code !== 0) throw new Error(`Cannot compare: the run must end well, got ${code}: ${output}`);
  return performance.now() - started;
}

/**
 * Kills the run `afterMs` after its first checkpoint, and resumes it to the end.
 *
 * @returns Undefined if it had ended before.
 */
async function killedOnce(
  settings: { out: string; views_on: string; gradient_accumulation_steps: number },
  whole: string,
  afterMs: number,
): Promise<Outcome | undefined> {
  const { out } = settings;
  const workers = [1 + Math.floor(Math.random() * 3), 1 + Math.floor(Math.random() * 3)];
  const child = startChild({ ...settings, num_workers: workers[0] });
  await untilExists(`${out}/checkpoints/last.safetensors`, child);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  try {
    child.process.kill("SIGKILL");
  } catch {
    // It was done before.
  }
  if ((await child.end).signal !== "SIGKILL") return undefined;
  const killedIn = readMetrics(`${out}/metrics.jsonl`).length;
  const again = { ...settings, num_workers: workers[1], resume_interrupted: true };
  const { code, output } = await startChild(again).end;
  const last = "checkpoints/last.safetensors";
  return {
    variant: `${settings.views_on}, ${settings.gradient_accumulation_steps} a step`,
    workers: workers.join(" → "),
    killedIn,
    resumedAt: Number(/resuming at step (\d+)/.exec(output)?.[1] ?? NaN),
    tensors: code !== 0 ? output : compared(
      await tensorsOf(`${whole}/${last}`),
      await tensorsOf(`${out}/${last}`),
    ),
    rows: compared(lossesOf(whole), lossesOf(out)),
  };
}

function compared(expected: unknown, got: unknown): string {
  try {
    deepEqual(got, expected);
    return "same";
  } catch {
    return "DIFFER";
  }
}

function print(outcome: Outcome, count: number): void {
  const { variant, workers, killedIn, resumedAt, tensors, rows } = outcome;
  if (count === 1) {
    console.log(
      "| kill | views on, micro-batches | workers | in step | resumed at | tensors | rows |",
    );
    console.log("| ---: | --- | --- | ---: | ---: | --- | --- |");
  }
  const cells = [count, variant, workers, killedIn, resumedAt, tensors, rows];
  console.log(`| ${cells.join(" | ")} |`);
}

Deno.exit(await main());
