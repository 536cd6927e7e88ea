import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluateKnn } from "../../src/eval/evaluate_knn.ts";
import { openBackbone } from "../../src/eval/open_backbone.ts";
import { createModel } from "../../src/inference/model.ts";
import { train } from "../../src/training/train.ts";
import { COLORS, colorSets } from "../support/color_folders.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";
import { TINY_PTH } from "../support/weights_server.ts";

Deno.test("colors are recognized by their neighbours, and counted", async () => {
  const sets = await colorSets();
  await writeFile(join(sets.train, "red", "broken.png"), "no picture");
  await mkdir(join(sets.test, "pink"));
  await Deno.copyFile(join(sets.test, "red", "0.png"), join(sets.test, "pink", "0.png"));
  const seen: number[][] = [];
  const report = await evaluateKnn(
    { checkpoint: "dinov2/vittest", ...sets, k: [1, 5], tokens: "mean", batch_size: 5 },
    { onImages: (done, total) => seen.push([done, total]) },
  );
  deepEqual(report.classes, ["blue", "green", "red"]);
  equal(report.images, 3 * 7 + 3 * 4 + 1);
  deepEqual(seen.at(-1), [35, 35], "the broken one is done, too");
  equal(report.knn[5].top1, 12 / 13, "nobody can know pink");
  deepEqual(report.confusion, [[4, 0, 0], [0, 4, 0], [0, 0, 4]]);
  deepEqual(report.class_top1, [1, 1, 1]);
  deepEqual(report.skipped.map(({ name }) => name), ["red/broken.png"]);
  ok(report.images_per_second > 0);
});

Deno.test("a table in place of folders leads to the same figures", async () => {
  const { train, test } = await colorSets();
  const labels = `${train}/../labels.csv`;
  const linesOf = (each: number) =>
    Object.keys(COLORS).flatMap((name) =>
      Array.from({ length: each }, (_, i) => `${name}/${i}.png,${name}`)
    );
  await writeFile(labels, ["filename,label", ...linesOf(7)].join("\n"));
  const options = { checkpoint: "dinov2/vittest", train, test: train, k: [1, 5] };
  const [folders, table] = [
    await evaluateKnn(options),
    await evaluateKnn({ ...options, labels }),
  ];
  deepEqual({ ...table, images_per_second: 0 }, { ...folders, images_per_second: 0 });
  const some = `${train}/../some.csv`;
  await writeFile(some, linesOf(2).join("\n"));
  const told: string[] = [];
  const onMessage = (message: string) => told.push(message);
  const report = await evaluateKnn({ ...options, test, k: 1, test_labels: some }, { onMessage });
  deepEqual(report.class_images, [2, 2, 2]);
  match(told[0], /^6 of 12 images of test have no line in .* such as blue\/2.png$/);
});

Deno.test("the folder of a run is opened with the views it was trained with", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    await train({ ...TINY_RUN, out, data, steps: 1 });
    const files = [out, `${out}/exported_models/exported_last.safetensors`];
    for (const path of files) {
      using backbone = await openBackbone(path);
      deepEqual(backbone.views.image_size, [32, 32]);
      ok(backbone.views.normalize.mean.length === backbone.views.num_channels);
    }
  });
});

Deno.test("a model's name opens its published weights", async () => {
  using backbone = await openBackbone("dinov2/vits14", { find: { file: TINY_PTH } });
  equal(backbone.model.config.name, "dinov2/vits14");
  deepEqual(backbone.views.image_size, [28, 28]);
});

Deno.test("what cannot be evaluated is told in one message", async () => {
  const sets = await colorSets();
  const wrong = { checkpoint: "x", ...sets, k: "1,b", tokns: "cls" };
  await rejects(evaluateKnn(wrong as unknown as Parameters<typeof evaluateKnn>[0]), (error) => {
    const { message } = error as Error;
    match(message, /Found 2 problems/);
    match(message, /k: must be whole numbers from 1 to 10000, such as 20 or 10,20, got "1,b"/);
    match(message, /tokns: is not a setting.*did you mean tokens\?/);
    return true;
  });
  await rejects(
    evaluateKnn({ checkpoint: sets.train, ...sets }),
    /must be a file of weights, the folder of a run, or a model.*got another folder/,
  );
  await rejects(evaluateKnn({ checkpoint: "missing.pth", ...sets }), /got nothing there/);
});

Deno.test("features that are not finite, and views of half a patch, are refused", async () => {
  const sets = await colorSets();
  const checkpoint = `${sets.train}/../nan.safetensors`;
  {
    using model = await createModel("dinov2/vittest");
    const weights = await model.weights();
    weights.get("norm.weight")!.values[3] = NaN;
    await model.setWeights((name) => Promise.resolve(weights.get(name)!.values));
    await model.save(checkpoint);
  }
  await rejects(evaluateKnn({ checkpoint, ...sets }), /must be finite, got NaN for blue\/0.png/);
  await rejects(
    evaluateKnn({ checkpoint: "dinov2/vittest", ...sets, image_size: 30 }),
    /image_size: must be multiples of patch_size 8, got \[30,30\]/,
  );
});

Deno.test("a model trained with channel_drop gets images of as many channels as it takes", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const channel_drop = { num_channels_keep: 3, weight_drop: [1, 1, 1, 1] };
    const transform_args = { ...TINY_RUN.transform_args, num_channels: 4 as const, channel_drop };
    const model_args = { ...TINY_RUN.model_args, in_chans: 3 };
    await train({ ...TINY_RUN, out, data, steps: 1, model_args, transform_args });
    const report = await evaluateKnn({
      checkpoint: out,
      train: data,
      test: data,
      k: 1,
      tokens: "mean",
    });
    equal(report.knn[1].top1, 1, "each image is its own neighbour");
    equal(report.images, 80);
  });
});
