// What the scripts here share: their command line, and the files they leave.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Nested, putSetting } from "../../src/config/nested.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { type LearningCurve, learningCurve } from "./learning_curve.ts";
import type { LabelledFolders } from "./raw_pixels.ts";

/** A whole curve of `settings` with `changes` over them, kept as `out/learning/NAME.json`. */
export async function runCurve(
  name: string,
  settings: Partial<TrainOptions>,
  folders: LabelledFolders,
  { size, every, changes }: { size: number; every: number; changes: Nested },
): Promise<LearningCurve> {
  const out = join("out/learning", name);
  const options: Nested = structuredClone(settings);
  for (const [key, value] of Object.entries(changes)) putSetting(options, [key], value);
  const run = { out, data: folders.train, overwrite: true, ...options } as TrainOptions;
  const curve = await learningCurve(name, run, folders, { size, every });
  await writeFile(`${out}.json`, JSON.stringify(curve, null, 2) + "\n");
  console.log(`${out}.json; draw it with bench/learning/chart.ts`);
  return curve;
}
