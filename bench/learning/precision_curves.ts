/**
 * Whether 16-mixed learns as 32-true does: trains a small backbone on the demo's textures with both
 * from a few seeds, and asks of the losses of 16-mixed whether they lie within the spread that the
 * seeds alone make of those of 32-true.
 *
 *     deno run -A bench/learning/precision_curves.ts [out=out/precision] [seeds=3] [steps=500] \
 *       [key=value...]
 */
import { mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Nested, putSetting } from "../../src/config/nested.ts";
import { parseArguments } from "../../src/config/parse_arguments.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { writeTextureSet } from "../../src/demo/texture_set.ts";
import { readMetrics } from "../../src/training/metrics_file.ts";
import { train } from "../../src/training/train.ts";
import { comparePrecisions, type PrecisionCurves } from "./compare_precisions.ts";
import { drawPrecisionCurves } from "./precision_chart.ts";

const SETTINGS: Partial<TrainOptions> = {
  model: "dinov2/vittest",
  preset: "small",
  batch_size: 32,
  log_every_num_steps: 50,
  transform_args: { image_size: [32, 32], local_view: { view_size: [16, 16] } },
};

const IMAGES = 1000;

/** The losses of a run by step, and how many of its steps were skipped. */
async function lossesOf(
  options: TrainOptions,
): Promise<{ losses: number[]; skipped: number; scale: number }> {
  await train({ ...options, overwrite: true }, { onMessage: (text) => console.error(text) });
  const rows = readMetrics(join(options.out, "metrics.jsonl"));
  const { skipped_steps = 0, loss_scale = 0 } = rows.at(-1)!;
  return { losses: rows.map((row) => row.train_loss), skipped: skipped_steps, scale: loss_scale };
}

async function run(
  out: string,
  { seeds, steps, changes }: { seeds: number; steps: number; changes: Nested },
): Promise<PrecisionCurves> {
  const data = join(out, "images");
  if (!existsSync(data)) await writeTextureSet(data, { images: IMAGES });
  const options = structuredClone({ ...SETTINGS, steps, data }) as Nested;
  for (const [key, value] of Object.entries(changes)) putSetting(options, [key], value);
  const curves: PrecisionCurves = { seeds: [], full: [], mixed: [], skipped: [], scales: [] };
  for (let seed = 0; seed < seeds; seed++) {
    const named = (precision: string) =>
      ({ ...options, seed, precision, out: join(out, `${precision}-${seed}`) }) as TrainOptions;
    curves.seeds.push(seed);
    curves.full.push((await lossesOf(named("32-true"))).losses);
    const mixed = await lossesOf(named("16-mixed"));
    curves.mixed.push(mixed.losses);
    curves.skipped.push(mixed.skipped);
    curves.scales.push(mixed.scale);
    console.log(`seed ${seed}: done, ${mixed.skipped} steps skipped`);
  }
  return curves;
}

if (import.meta.main) {
  const { out = "out/precision", seeds = 3, steps = 500, ...changes } =
    parseArguments(Deno.args).values;
  const folder = String(out);
  await mkdir(folder, { recursive: true });
  const curves = await run(folder, { seeds: Number(seeds), steps: Number(steps), changes });
  const verdict = comparePrecisions(curves);
  await writeFile(join(folder, "curves.json"), JSON.stringify({ ...curves, verdict }) + "\n");
  await writeFile(join(folder, "curves.svg"), drawPrecisionCurves(curves));
  console.log(verdict.text);
  console.log(`${folder}/curves.json, ${folder}/curves.svg`);
  if (!verdict.within) Deno.exitCode = 1;
}
