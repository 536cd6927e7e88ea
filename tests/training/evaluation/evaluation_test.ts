import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import type { TrainOptions } from "../../../src/config/train_config.ts";
import { writeTextureSet } from "../../../src/demo/texture_set.ts";
import { evaluateKnn } from "../../../src/eval/evaluate_knn.ts";
import { rankMe } from "../../../src/eval/rank_me.ts";
import { findImages } from "../../../src/images/find_images.ts";
import { DataError } from "../../../src/images/errors.ts";
import { someImages } from "../../../src/eval/some_images.ts";
import { collectVectors } from "../../../src/eval/labelled_vectors.ts";
import { openBackbone } from "../../../src/eval/open_backbone.ts";
import { bytesOf, SafetensorsFile, writeSafetensors } from "../../../src/safetensors_file.ts";
import { readMetrics } from "../../../src/training/metrics_file.ts";
import { resumeRun } from "../../../src/training/resume_run.ts";
import { train } from "../../../src/training/train.ts";
import { assertAllClose } from "../../support/arrays.ts";
import { lossesOf, tensorsOf } from "../../support/child_run.ts";
import { curveOf } from "../../support/event_files.ts";
import { stopAfter } from "../../support/stop_after.ts";
import { TINY_RUN, withTinyRun } from "../../support/tiny_run.ts";

const LAST = "checkpoints/last.safetensors";

/** A run that is evaluated after every second step, on images that it does not see. */
function evaluated(folder: string, data: string, name: string, knn: object = {}): TrainOptions {
  const sets = { train: data, test: `${folder}/test` };
  return {
    ...TINY_RUN,
    out: `${folder}/${name}`,
    data,
    callbacks: {
      model_checkpoint: { every_n_train_steps: 2, save_top_k: -1 },
      knn: { ...sets, k: [3, 5], every_n_train_steps: 2, student: true, ...knn },
      rank_me: { images: 30, every_n_train_steps: 3 },
    },
  };
}

async function withSets(body: (folder: string, data: string) => Promise<void>): Promise<void> {
  await withTinyRun(async (folder, data) => {
    await writeTextureSet(`${folder}/test`, { images: 20, size: 40, seed: 1 });
    await body(folder, data);
  });
}

/** What evaluations left in the rows of a run. */
function evaluationsOf(out: string) {
  return readMetrics(`${out}/metrics.jsonl`).map((row) => {
    const names = Object.keys(row).filter((name) => /knn|rank_me/.test(name)).sort();
    return [row.step, Object.fromEntries(names.map((name) => [name, row[name]]))] as const;
  }).filter(([, metrics]) => Object.keys(metrics).length > 0);
}

Deno.test("a run is evaluated along the way, and is the same as without", async (t) => {
  await withSets(async (folder, data) => {
    const run = evaluated(folder, data, "run");
    await train(run);
    const rows = new Map(evaluationsOf(run.out));

    await t.step("at the start, when it is due, and at the end", () => {
      deepEqual([...rows.keys()], [0, 1, 2, 3, 5]);
      deepEqual(Object.keys(rows.get(2)!), ["rank_me"]);
      deepEqual(Object.keys(rows.get(3)!), [
        "knn_top1",
        "knn_top1/k5",
        "knn_top1_best",
        "knn_top5",
        "knn_top5/k5",
        "student_knn_top1",
        "student_knn_top1/k5",
        "student_knn_top5",
        "student_knn_top5/k5",
      ]);
    });
    await t.step("the training is that of a run which is not", async () => {
      const plain = { ...run, out: `${folder}/plain`, callbacks: {} };
      await train(plain);
      const isTraining = ([name]: [string, unknown]) => !/knn|rank_me/.test(name);
      const losses = lossesOf(run.out).map((row) =>
        Object.fromEntries(Object.entries(row).filter(isTraining))
      );
      deepEqual(losses, lossesOf(plain.out));
      deepEqual(await tensorsOf(`${run.out}/${LAST}`), await tensorsOf(`${plain.out}/${LAST}`));
    });
    await t.step("accuracies are those of eval knn", async () => {
      for (const [which, start] of [["teacher", ""], ["student", "student_"]] as const) {
        const checkpoint = `${run.out}/checkpoints/epoch=0-step=4.safetensors`;
        const sets = { train: data, test: `${folder}/test`, k: [3, 5] };
        const { knn } = await evaluateKnn({ checkpoint, which, ...sets });
        const at = rows.get(3)!;
        deepEqual([at[`${start}knn_top1`], at[`${start}knn_top5`]], [knn[3].top1, knn[3].top5]);
        deepEqual(at[`${start}knn_top1/k5`], knn[5].top1);
      }
    });
    await t.step("RankMe is that of the class tokens", async () => {
      using backbone = await openBackbone(`${run.out}/${LAST}`);
      const { views, model } = backbone;
      const images = someImages(await findImages(data), 30);
      const options = {
        views,
        framing: "crop",
        tokens: "cls",
        batchSize: 7,
        numWorkers: 1,
      } as const;
      const { values, width } = await collectVectors(model, images, options);
      assertAllClose([rows.get(5)!.rank_me], [rankMe(values, width)], { rtol: 1e-5, atol: 0 });
    });
    await t.step("TensorBoard has every evaluation, the log tells it", async () => {
      const [events] = (await readdir(run.out)).filter((name) => name.startsWith("events."));
      const curve = curveOf([new Uint8Array(await readFile(`${run.out}/${events}`))], "knn_top1");
      deepEqual(curve.map(([step]) => step), [0, 1, 3, 5]);
      const log = await readFile(`${run.out}/train.log`, "utf8");
      match(log, /at the start: k-NN top-1 [\d.]+ %, top-5 [\d.]+ %, RankMe [\d.]+; student k-NN/);
      match(log, /after 6 steps: .*; 90 images in [\d.]+ s\n/); // 40 + 20 + 30
    });
  });
});

Deno.test("evaluations are the same after an interruption, wherever it comes", async () => {
  await withSets(async (folder, data) => {
    const whole = evaluated(folder, data, "whole");
    await train(whole);
    for (const [name, looks] of [["a", 13], ["b", 14]] as const) {
      const run = evaluated(folder, data, name);
      const { steps } = await train(run, { signal: stopAfter(looks) });
      ok(steps > 0 && steps < 6, `${steps} steps`); // the first evaluation looks at it too
      await resumeRun(run.out);
      deepEqual(evaluationsOf(run.out), evaluationsOf(whole.out));
      deepEqual(await tensorsOf(`${run.out}/${LAST}`), await tensorsOf(`${whole.out}/${LAST}`));
    }
    // A crash after the row of step 5, whose checkpoint is never written.
    const crashed = evaluated(folder, data, "crashed");
    const onStep = ({ step }: { step: number }) => {
      if (step === 4) throw new Error("crash");
    };
    await rejects(train(crashed, { onStep }), /crash/);
    await resumeRun(crashed.out);
    deepEqual(evaluationsOf(crashed.out), evaluationsOf(whole.out));
    // Ended while the start is evaluated: the next session does.
    const early = evaluated(folder, data, "early");
    equal((await train(early, { signal: stopAfter(1) })).steps, 0);
    await resumeRun(early.out);
    deepEqual(evaluationsOf(early.out), evaluationsOf(whole.out));
  });
});

Deno.test("without a test folder each image is classified by all others, of some if there are many", async () => {
  await withTinyRun(async (folder, data) => {
    const run = evaluated(folder, data, "run", { test: null, max_images: 20, student: false });
    const seen: number[][] = [];
    const onEvaluation = (done: number, total: number) => seen.push([done, total]);
    await writeFile(`${data}/broken.jpg`, "no image"); // of those that are trained on
    await rejects(train(run)); // beside the folders of classes
    await Deno.remove(`${data}/broken.jpg`);
    await writeFile(`${data}/${[...Deno.readDirSync(data)][0].name}/0.jpg`, "no image");
    const messages: string[] = [];
    const onMessage = (message: string) => messages.push(message);
    const { last } = await train({ ...run, steps: 2 }, { onEvaluation, onMessage });
    ok(last!.knn_top1 >= 0 && last!.knn_top1 <= 1);
    deepEqual(seen.filter(([done, total]) => done === total).map(([done]) => done), [50, 50]);
    equal(messages.filter((text) => /^skipped .*0.jpg in evaluations: /.test(text)).length, 1);
  });
});

Deno.test("labels may be those of a table", async () => {
  await withTinyRun(async (folder, data) => {
    const folders = [...Deno.readDirSync(data)].map(({ name }) => name);
    const { names } = await findImages(data);
    const lines = names.map((name) => `${name},${name.startsWith(folders[0]) ? "one" : "other"}`);
    await writeFile(`${folder}/labels.csv`, lines.join("\n"));
    const own = { test: null, labels: `${folder}/labels.csv`, student: false };
    const { last } = await train({ ...evaluated(folder, data, "run", own), steps: 2 });
    ok(last!.knn_top1 >= 0.8, "nine of ten are of the other"); // k-NN never knows less than that
    equal(last!.knn_top5, 1);
  });
});

Deno.test("labelled images that cannot be used are told of before anything is done", async () => {
  await withTinyRun(async (folder, data) => {
    await mkdir(`${folder}/empty`);
    const refuses = async (train_: string, message: RegExp) => {
      const run = evaluated(folder, data, "run", { train: train_, test: null });
      await rejects(train(run), (error) => {
        match((error as Error).message, message);
        return error instanceof DataError;
      });
    };
    const [first] = [...Deno.readDirSync(data)].map(({ name }) => name);
    await refuses(
      `${data}/${first}`,
      /^Cannot classify: every image of callbacks\.knn\.train must lie in a folder that is its class/,
    );
    await refuses(
      `${folder}/empty`,
      /^Cannot find images: callbacks\.knn\.train must hold files that end in .*, got none in ".*empty"/,
    );
    await refuses(
      `${folder}/nowhere`,
      /^Cannot find images: callbacks\.knn\.train must be an existing folder or file, got ".*nowhere"/,
    );
    for (const name of ["cats", "dogs"]) {
      await mkdir(`${folder}/broken/${name}`, { recursive: true });
      await writeFile(`${folder}/broken/${name}/0.png`, "no image");
    }
    await refuses(
      `${folder}/broken`,
      /^Cannot evaluate callbacks\.knn\.train: at least one of 2 images must be readable, got none; the first, cats\/0\.png: /,
    );
    equal([...Deno.readDirSync(folder)].some(({ name }) => name === "run"), false);
  });
});

Deno.test("the best checkpoint by k-NN is kept, and a fall ends the run", async () => {
  await withSets(async (folder, data) => {
    const by = { monitor: "knn_top1", mode: "max" as const, every_n_train_steps: 1, save_top_k: 1 };
    const run = evaluated(folder, data, "run", { every_n_train_steps: 4 });
    await train({ ...run, callbacks: { ...run.callbacks, model_checkpoint: by } });
    const scores = new Map<string, number>();
    for (const { name } of Deno.readDirSync(`${run.out}/checkpoints`)) {
      await using file = await SafetensorsFile.open(`${run.out}/checkpoints/${name}`);
      scores.set(name, JSON.parse(file.metadata.metrics).knn_top1);
    }
    const rows = readMetrics(`${run.out}/metrics.jsonl`);
    ok(rows.every((row) => row.knn_top1 !== undefined), "evaluated with every checkpoint");
    const best = Math.max(...rows.map((row) => row.knn_top1));
    equal(Math.max(...scores.values()), best);
  });
});

Deno.test("a fall of k-NN ends the run, and again when it is resumed", async () => {
  await withSets(async (folder, data) => {
    const run = evaluated(folder, data, "run", { max_drop: 60 }); // more than weights that know nothing yet can fall
    let asked = 0; // before the first step too
    await train(run, { reasonToStop: () => asked++ >= 3 ? "so" : undefined });
    await pretendBest(`${run.out}/${LAST}`);
    const { steps, finished, harmed, reason, checkpoint } = await resumeRun(run.out);
    deepEqual([steps, finished, harmed], [4, false, true]);
    match(
      reason,
      /^knn_top1 [\d.]+ % of step 4 is [\d.]+ points below the best 100\.0 %; callbacks\.knn\.max_drop allows 60, raise it to go on$/,
    );
    ok(checkpoint?.endsWith("step=4.safetensors"));
    const again = await resumeRun(run.out);
    deepEqual([again.steps, again.harmed, again.reason], [4, true, reason]);
    const knn = { ...run.callbacks!.knn!, max_drop: null };
    const { finished: isDone } = await resumeRun(run.out, {}, { callbacks: { knn } });
    ok(isDone);
  });
});

/** Writes into a checkpoint that its run has been perfect once. */
async function pretendBest(path: string): Promise<void> {
  {
    await using file = await SafetensorsFile.open(path);
    const { sha256: _, metrics, ...metadata } = file.metadata;
    const better = JSON.stringify({ ...JSON.parse(metrics), knn_top1_best: 1 });
    const sources = [...file.entries].map(([name, { shape }]) => ({
      name,
      dtype: "F32" as const,
      shape,
      data: async () => bytesOf(await file.f32(name)),
    }));
    await writeSafetensors(`${path}.new`, sources, { ...metadata, metrics: better });
  }
  await rename(`${path}.new`, path);
}

Deno.test("a metric that only some rows have can be monitored", async () => {
  await withTinyRun(async (folder, data) => {
    const run = {
      ...TINY_RUN,
      out: `${folder}/run`,
      data,
      log_every_num_steps: 4,
      callbacks: {
        model_checkpoint: { every_n_train_steps: 1, monitor: "feature_std", save_top_k: -1 },
        early_stopping: { monitor: "device/heap_bytes" },
        device_stats_monitor: {},
      },
    };
    await train(run, { signal: stopAfter(5) });
    await resumeRun(run.out); // whose first row has it neither
    const rows = readMetrics(`${run.out}/metrics.jsonl`);
    for (const [step, expected] of [[3, undefined], [4, 3], [5, 3], [6, 3]] as const) {
      await using file = await SafetensorsFile.open(
        `${run.out}/checkpoints/epoch=0-step=${step}.safetensors`,
      );
      const { feature_std } = JSON.parse(file.metadata.metrics);
      equal(feature_std, expected === undefined ? undefined : rows[expected].feature_std);
    }
  });
});
