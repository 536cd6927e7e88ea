/**
 * Watches the memory of a tiny run: `deno run -A --v8-flags=--expose-gc bench/faults/memory.ts
 * [steps]`. On a software adapter the GPU's memory is the process's own, and so in the figures.
 *
 * Exits with 1 if it grows by 1 % or more after the warm-up, which is the first half.
 */
import { writeTextureSet } from "../../src/demo/texture_set.ts";
import { train } from "../../src/training/train.ts";
import { TINY_RUN } from "../../tests/support/tiny_run.ts";

const STEPS = Number(Deno.args[0] ?? 2000);
const SAMPLES = 40;
const MIB = 2 ** 20;

/** Memory of the process when a step's numbers had come back. */
interface Sample {
  step: number;
  residentMib: number;
  heapMib: number;
}

const collectGarbage = (globalThis as { gc?: () => void }).gc;

function sampleAt(step: number): Sample {
  collectGarbage?.();
  const { rss, heapUsed } = Deno.memoryUsage();
  return { step, residentMib: rss / MIB, heapMib: heapUsed / MIB };
}

async function samplesOf(folder: string): Promise<{ samples: Sample[]; planMib: number }> {
  const data = `${folder}/data`;
  await writeTextureSet(data, { images: 40, size: 40 });
  const samples: Sample[] = [];
  let planMib = 0;
  await train({
    ...TINY_RUN,
    out: `${folder}/run`,
    data,
    steps: STEPS,
    batch_size: 2,
    callbacks: { model_checkpoint: { every_n_train_steps: 50 } },
  }, {
    onStart: ({ memoryBytes }) => planMib = memoryBytes / MIB,
    onStep: ({ step }) => {
      if ((step + 1) % (STEPS / SAMPLES) === 0) samples.push(sampleAt(step + 1));
    },
  });
  return { samples, planMib };
}

function mean(samples: readonly Sample[], of: "residentMib" | "heapMib"): number {
  return samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length;
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "memory-" });
  try {
    const { samples, planMib } = await samplesOf(folder);
    console.log("| step | resident, MiB | JavaScript heap, MiB |\n| ---: | ---: | ---: |");
    for (const { step, residentMib, heapMib } of samples.filter((_, i) => i % 4 === 3)) {
      console.log(`| ${step} | ${residentMib.toFixed(1)} | ${heapMib.toFixed(1)} |`);
    }
    const half = samples.slice(SAMPLES / 2);
    const quarters = [half.slice(0, SAMPLES / 4), half.slice(SAMPLES / 4)];
    const [before, after] = quarters.map((quarter) => mean(quarter, "residentMib"));
    const growth = 100 * (after / before - 1);
    console.log(
      `\nplan ${planMib.toFixed(1)} MiB; third quarter ${before.toFixed(1)} MiB, last ` +
        `${after.toFixed(1)} MiB: ${growth.toFixed(2)} %`,
    );
    return growth < 1 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exitCode = await main(); // and no exit: nothing may keep the process alive
