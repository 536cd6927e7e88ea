import { deepEqual, equal } from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { TensorBoardLog } from "../../../src/training/observers/tensorboard_log.ts";
import { curveOf, readEvents } from "../../support/event_files.ts";

/** Event files of a folder, oldest first. */
async function eventFiles(folder: string): Promise<Uint8Array[]> {
  const names = (await readdir(folder)).sort();
  return await Promise.all(
    names.map(async (name) => new Uint8Array(await readFile(`${folder}/${name}`))),
  );
}

/** The loss of a step, as far as float32 keeps it. */
const lossOf = (step: number) => Math.fround(12 - step / 8);

function log(folder: string, steps: Iterable<number>, startStep: number, ends = true) {
  using tensorboard = new TensorBoardLog(folder, 10, startStep);
  for (const step of steps) tensorboard.onStep({ step, epoch: 0, train_loss: lossOf(step) });
  if (ends) tensorboard.onEnd();
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("TensorBoardLog writes every n-th step, the first and the last", async () => {
  const folder = await Deno.makeTempDir();
  log(folder, range(0, 35), 0);
  const [file] = await eventFiles(folder);
  const steps = [0, 9, 19, 29, 34];
  deepEqual(curveOf([file], "train_loss"), steps.map((step) => [step, lossOf(step)]));
  deepEqual(curveOf([file], "epoch"), steps.map((step) => [step, 0]));
  deepEqual(curveOf([file], "step"), []); // the x axis
  await Deno.remove(folder, { recursive: true });
});

Deno.test("TensorBoardLog writes the last step once", async () => {
  const folder = await Deno.makeTempDir();
  log(folder, range(0, 30), 0);
  const [file] = await eventFiles(folder);
  deepEqual(curveOf([file], "train_loss").map(([step]) => step), [0, 9, 19, 29]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a killed and resumed run is one curve", async () => {
  const folder = await Deno.makeTempDir();
  log(folder, range(0, 58), 0, false); // killed after step 57, last checkpoint after step 40
  log(folder, range(40, 70), 40);
  const files = await eventFiles(folder);
  equal(files.length, 2);
  deepEqual(
    curveOf(files, "train_loss"),
    [0, 9, 19, 29, 39, 49, 59, 69].map((step) => [step, lossOf(step)]),
  );
  for (const file of files) equal(readEvents(file).end, "end of file");
  await Deno.remove(folder, { recursive: true });
});
