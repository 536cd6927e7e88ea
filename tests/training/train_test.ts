import { deepEqual, equal, notDeepEqual, ok, rejects } from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { ConfigError } from "../../src/config/config_error.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { DataError } from "../../src/images/errors.ts";
import { findImages } from "../../src/images/find_images.ts";
import { readSafetensors } from "../../src/safetensors.ts";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import { TrainingError } from "../../src/training/metrics.ts";
import { type MetricsRow, readMetrics } from "../../src/training/metrics_file.ts";
import { previewOf } from "../../src/training/preview.ts";
import { train } from "../../src/training/train.ts";
import { tarFile } from "../support/tar_files.ts";
import { stopAfter } from "../support/stop_after.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

/** The rows of a run without what depends on the machine's speed. */
function lossesOf(out: string): Partial<MetricsRow>[] {
  return readMetrics(`${out}/metrics.jsonl`).map(
    ({ images_per_second: _speed, data_wait_share: _share, ...row }) => row,
  );
}

/** A listener that puts what a run says into `messages`, warnings apart. */
function newsTo(messages: string[]) {
  return (message: string) => {
    if (!message.startsWith("warning: ")) messages.push(message);
  };
}

/** Every tensor of a safetensors file, as bytes. */
async function tensorsOf(path: string): Promise<Map<string, Uint8Array>> {
  const tensors = readSafetensors(new Uint8Array(await readFile(path)), path);
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}

const LAST = "checkpoints/last.safetensors";

Deno.test("train() gives the same run again, resumed or not, for any number of workers", async (t) => {
  await withTinyRun(async (folder, data) => {
    const whole = { ...TINY_RUN, out: `${folder}/whole`, data };
    const rows: MetricsRow[] = [];
    const result = await train(whole, { onStep: (row) => rows.push(row) });

    await t.step("every step is told and written", () => {
      deepEqual(rows.map(({ step }) => step), [0, 1, 2, 3, 4, 5]);
      deepEqual(readMetrics(`${whole.out}/metrics.jsonl`), rows);
      deepEqual([result.steps, result.finished, result.last], [6, true, rows[5]]);
    });

    await t.step("a resumed run continues bit for bit", async () => {
      const parts = { ...TINY_RUN, out: `${folder}/parts`, data };
      const first = await train(parts, { signal: stopAfter(3) });
      deepEqual([first.steps, first.finished], [3, false]);
      equal(lossesOf(parts.out).length, 3);
      const second = await train({ ...parts, resume_interrupted: true });
      deepEqual([second.steps, second.finished], [6, true]);
      deepEqual(lossesOf(parts.out), lossesOf(whole.out));
      const resumed = await tensorsOf(`${parts.out}/${LAST}`);
      deepEqual(resumed, await tensorsOf(`${whole.out}/${LAST}`));
      deepEqual(await tensorsOf(second.exported!), await tensorsOf(result.exported!));
    });

    await t.step("two workers change nothing", async () => {
      const again = { ...TINY_RUN, out: `${folder}/again`, data, num_workers: 2 };
      await train(again);
      deepEqual(lossesOf(again.out), lossesOf(whole.out));
    });

    await t.step("another seed changes everything", async () => {
      const other = { ...TINY_RUN, out: `${folder}/other`, data, seed: 1, steps: 1 };
      await train(other);
      notDeepEqual(lossesOf(other.out)[0].train_loss, rows[0].train_loss);
    });
  });
});

Deno.test("train() resumes a run that accumulates, without local views, over epochs", async () => {
  await withTinyRun(async (folder, data) => {
    const settings = {
      ...TINY_RUN,
      data,
      steps: undefined,
      epochs: 2, // of 3 steps of 2 times 4 images
      gradient_accumulation_steps: 2,
      transform_args: { image_size: 32, local_view: null },
    };
    const [whole, parts] = [`${folder}/whole`, `${folder}/parts`];
    const { steps } = await train({ ...settings, out: whole });
    equal(steps, 6);
    deepEqual(lossesOf(whole).map(({ epoch }) => epoch), [0, 0, 0, 1, 1, 1]);
    ok(lossesOf(whole).every((row) => row["train_loss/dino_local_loss"] === 0));
    await train({ ...settings, out: parts }, { signal: stopAfter(4) });
    await train({ ...settings, out: parts, resume_interrupted: true });
    deepEqual(lossesOf(parts), lossesOf(whole));
    deepEqual(await tensorsOf(`${parts}/${LAST}`), await tensorsOf(`${whole}/${LAST}`));
  }, 25);
});

Deno.test("train() on views that the GPU makes resumes, and learns what it does on the workers'", async () => {
  await withTinyRun(async (folder, data) => {
    const [whole, parts, workers] = ["whole", "parts", "workers"].map((name) =>
      `${folder}/${name}`
    );
    // Grey and alpha: another number of channels goes all the way.
    const transform_args = { ...TINY_RUN.transform_args, num_channels: 2, random_rotation: {} };
    const settings = { ...TINY_RUN, data, transform_args };
    await train({ ...settings, out: whole, views_on: "gpu" });
    await train({ ...settings, out: parts, views_on: "gpu" }, { signal: stopAfter(2) });
    await train({ ...settings, out: parts, views_on: "gpu", resume_interrupted: true });
    deepEqual(lossesOf(parts), lossesOf(whole));
    deepEqual(await tensorsOf(`${parts}/${LAST}`), await tensorsOf(`${whole}/${LAST}`));
    await train({ ...settings, out: workers, views_on: "workers", steps: 1 });
    const [onGpu, byWorkers] = [whole, workers].map((out) => lossesOf(out)[0].train_loss!);
    ok(Math.abs(onGpu - byWorkers) < 1e-3, `${onGpu} and ${byWorkers}`); // some level rounds otherwise
  });
});

Deno.test("train() leaves metrics, checkpoint, settings and the teacher in its folder", async (t) => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const { exported, checkpoint } = await train({ ...TINY_RUN, out, data, steps: 2 });

    await t.step("nothing else", async () => {
      const files = (await readdir(out, { recursive: true })).sort()
        .map((name) => name.replace(/^(events\.out\.tfevents)\..*$/, "$1.*"));
      deepEqual(files, [
        "augmentations.png",
        "checkpoints",
        "checkpoints/epoch=0-step=2.safetensors",
        "checkpoints/last.safetensors",
        "config.json",
        "events.out.tfevents.*",
        "exported_models",
        "exported_models/config.json",
        "exported_models/exported_last.safetensors",
        "metrics.jsonl",
        "train.log",
      ]);
      equal(checkpoint, `${out}/checkpoints/epoch=0-step=2.safetensors`);
      deepEqual(await tensorsOf(checkpoint), await tensorsOf(`${out}/${LAST}`));
    });

    await t.step("metrics have every field", () => {
      for (const row of readMetrics(`${out}/metrics.jsonl`)) {
        deepEqual(Object.keys(row), FIELDS);
        ok(Object.values(row).every(Number.isFinite));
        ok(row.images_per_second > 0 && row.data_wait_share >= 0 && row.data_wait_share <= 1);
      }
    });

    await t.step("the teacher's backbone has the official names and shapes", async () => {
      await using file = await SafetensorsFile.open(exported!);
      const shapes = [...file.entries].map(([name, { shape }]) => [name, shape]);
      deepEqual(Object.fromEntries(shapes), officialShapes());
      equal(file.metadata.format, "denodino-backbone/1");
      equal(JSON.parse(file.metadata.model).name, "dinov2/vittest");
    });

    await t.step("the settings can be read again", async () => {
      const config = JSON.parse(await readFile(`${out}/config.json`, "utf8"));
      deepEqual([config.steps, config.method_args.output_dim], [2, 64]);
      equal(config.method_args.gradient_clip_val, 3); // a default
    });
  });
});

const FIELDS = [
  "step",
  "epoch",
  "train_loss",
  "train_loss/dino_global_loss",
  "train_loss/dino_local_loss",
  "train_loss/ibot_loss",
  "train_loss/koleo_loss",
  "learning_rate",
  "weight_decay",
  "teacher_temp",
  "momentum",
  "grad_norm",
  "teacher_entropy",
  "images_per_second",
  "data_wait_share",
  "learning_rate/head",
  "learning_rate/last_layer",
  "learning_rate/last_block",
  "learning_rate/patch_embed",
];

/** What DINOv2's own state dict holds for the tiny model: width 64, two blocks, a grid of 4 x 4. */
function officialShapes(): Record<string, number[]> {
  const block = (i: number) => ({
    [`blocks.${i}.norm1.weight`]: [64],
    [`blocks.${i}.norm1.bias`]: [64],
    [`blocks.${i}.attn.qkv.weight`]: [192, 64],
    [`blocks.${i}.attn.qkv.bias`]: [192],
    [`blocks.${i}.attn.proj.weight`]: [64, 64],
    [`blocks.${i}.attn.proj.bias`]: [64],
    [`blocks.${i}.ls1.gamma`]: [64],
    [`blocks.${i}.norm2.weight`]: [64],
    [`blocks.${i}.norm2.bias`]: [64],
    [`blocks.${i}.mlp.fc1.weight`]: [256, 64],
    [`blocks.${i}.mlp.fc1.bias`]: [256],
    [`blocks.${i}.mlp.fc2.weight`]: [64, 256],
    [`blocks.${i}.mlp.fc2.bias`]: [64],
    [`blocks.${i}.ls2.gamma`]: [64],
  });
  return {
    cls_token: [1, 1, 64],
    pos_embed: [1, 17, 64],
    register_tokens: [1, 2, 64],
    mask_token: [1, 64],
    "patch_embed.proj.weight": [64, 3, 8, 8],
    "patch_embed.proj.bias": [64],
    ...block(0),
    ...block(1),
    "norm.weight": [64],
    "norm.bias": [64],
  };
}

Deno.test("train() stops at a loss that is not finite and keeps the last checkpoint", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, out: `${folder}/run`, data, steps: 4 };
    await train(run, { signal: stopAfter(2) });
    const before = await tensorsOf(`${run.out}/${LAST}`);
    const absurd: TrainOptions = {
      ...run,
      resume_interrupted: true,
      callbacks: { model_checkpoint: { every_n_train_steps: 4 } },
      optim_args: { lr: 1e30 },
    };
    await rejects(train(absurd), (error: Error) => {
      ok(error instanceof TrainingError, error.stack);
      const message =
        /^Cannot go on training: \w+ must be finite, got (NaN|-?Infinity) in step 3; /;
      ok(message.test(error.message), error.message);
      return true;
    });
    deepEqual(await tensorsOf(`${run.out}/${LAST}`), before);
    const { finished } = await train({ ...run, resume_interrupted: true });
    equal(finished, true);
    deepEqual(lossesOf(run.out).map(({ step }) => step), [0, 1, 2, 3]);
  });
});

Deno.test("train() tells what a resumed run is told otherwise, and writes it down", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, out: `${folder}/run`, data, steps: 2 };
    await train(run);
    await rejects(
      train({ ...run, resume_interrupted: true, steps: 1 }),
      new ConfigError([{
        key: "steps",
        message: "must come to at least the 2 steps that the run to resume has done, got 1; " +
          "raise it",
      }]),
    );
    const messages: string[] = [];
    const onMessage = (message: string) => messages.push(message);
    await train({ ...run, resume_interrupted: true, steps: 3, batch_size: 3 }, { onMessage });
    deepEqual(messages, ["other settings than before: batch_size was 4, is 3"]);
    const config = JSON.parse(await readFile(`${run.out}/config.json`, "utf8"));
    deepEqual([config.steps, config.batch_size], [3, 3]);

    await writeFile(`${run.out}/config.json`, '{"out":'); // as a kill may leave it
    messages.length = 0;
    await train({ ...run, resume_interrupted: true, steps: 3, batch_size: 3 }, { onMessage });
    deepEqual(messages, []);
  }, 4);
});

Deno.test("train() draws its first batch once, and goes on where it cannot", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, out: `${folder}/run`, data, steps: 1 };
    const picture = `${run.out}/augmentations.png`;
    await train(run);
    const config = resolveConfig(run);
    const { png } = await previewOf(config, await findImages(data));
    deepEqual(new Uint8Array(await readFile(picture)), png);

    await writeFile(picture, "kept");
    await train({ ...run, steps: 2, resume_interrupted: true });
    equal(await readFile(picture, "utf8"), "kept");

    await rm(picture);
    await mkdir(picture); // which no file can replace
    const messages: string[] = [];
    const onMessage = (message: string) => messages.push(message);
    const again = { ...run, steps: 3, resume_interrupted: true };
    equal((await train(again, { onMessage })).finished, true);
    const [message] = messages;
    ok(message.startsWith(`cannot write ${picture}: EISDIR`), message);
  });
});

Deno.test("train() saves and exports the initial model with epochs=0", async () => {
  await withTinyRun(async (folder, data) => {
    const { steps: _steps, ...rest } = TINY_RUN;
    const run = { ...rest, out: `${folder}/run`, data };
    const result = await train({ ...run, epochs: 0 });
    deepEqual([result.steps, result.finished, result.last], [0, true, undefined]);
    ok((await tensorsOf(result.exported!)).has("cls_token"));
    const { steps } = await train({ ...run, steps: 1, resume_interrupted: true });
    equal(steps, 1);
    deepEqual(lossesOf(run.out).map(({ step }) => step), [0]);
  });
});

Deno.test("train() warns a new run of settings that do not go together", async () => {
  await withTinyRun(async (folder, data) => {
    const method_args = { ...TINY_RUN.method_args, warmup_steps: 100 };
    const run = { ...TINY_RUN, method_args, out: `${folder}/run`, data, steps: 4 };
    const messages: string[] = [];
    const onMessage = (message: string) => messages.push(message);
    await train({ ...run, steps: 4 }, { onMessage });
    deepEqual(messages.map((message) => message.slice(0, 63)), [
      "warning: the run has too few steps, 4, for method_args.warmup_s",
      "warning: batch_size 4 is small for the KoLeo loss, which spread",
      "warning: 40 images are few for the reference's settings, with w",
    ]);
    ok(messages[0].endsWith("epochs=12500 with these images"), messages[0]);
  });
});

Deno.test("train() wants two images for the KoLeo loss", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, out: `${folder}/run`, data, steps: 1 };
    await rejects(
      train(run),
      new DataError(
        `Cannot train: data must hold at least 2 images for the KoLeo loss, got 1 in "${data}"; ` +
          "add images or set method_args.koleo_loss_weight=0",
      ),
    );
    const method_args = { ...TINY_RUN.method_args, koleo_loss_weight: 0 };
    equal((await train({ ...run, method_args })).steps, 1);
  }, 1);
});

Deno.test("train() lowers the batch to the images there are, and skips what it cannot read", async () => {
  await withTinyRun(async (folder, data) => {
    await writeFile(`${data}/broken.jpg`, "no image");
    const messages: string[] = [];
    const onMessage = newsTo(messages);
    const run = { ...TINY_RUN, out: `${folder}/run`, data, steps: 2, batch_size: 64 };
    const { last } = await train(run, { onMessage });
    equal(last?.step, 1);
    equal(messages[0], "batch_size lowered from 64 to 5: there are no more images");
    ok(messages.slice(1).every((line) => line.startsWith("skipped broken.jpg: ")), messages.join());
    ok(messages.length > 1);
  }, 4);
});

Deno.test("train() stops at an image that it cannot read if it is told to", async () => {
  await withTinyRun(async (folder, data) => {
    await writeFile(`${data}/broken.jpg`, "no image");
    const run = { ...TINY_RUN, out: `${folder}/run`, data: [data], batch_size: 5 };
    await rejects(train({ ...run, data_errors: "fail" }), (error: Error) => {
      ok(error instanceof DataError);
      ok(error.message.startsWith("Cannot load batches: every image must be readable, got "));
      ok(error.message.includes(`${data}/broken.jpg: Cannot decode image: `), error.message);
      return true;
    });
  }, 4);
});

Deno.test("train() trains on shards, and tells of one that it cannot use or stops there", async () => {
  await withTinyRun(async (folder, data) => {
    const names = (await readdir(data, { recursive: true })).filter((name) => /\./.test(name));
    const entries = names.map(async (name) => ({ name, data: await readFile(`${data}/${name}`) }));
    const shards = [`${folder}/a-0.tar`, `${folder}/a-1.tar`];
    await writeFile(shards[0], tarFile(await Promise.all(entries)));
    await writeFile(shards[1], new Uint8Array(1024).fill(0x1f));
    const problem = `${shards[1]}: Cannot index shard: header at byte 0 must have checksum ` +
      "15880, got no number; copy or make it again, for what follows is left out";
    const messages: string[] = [];
    const run = { ...TINY_RUN, out: `${folder}/run`, data: [`${folder}/a-{0..1}.tar`], steps: 1 };
    await rejects(
      train({ ...run, data_errors: "fail" }),
      new DataError(
        `Cannot train: every shard and folder must be readable, got ${problem}; or set ` +
          "data_errors=skip to do without",
      ),
    );
    const { steps } = await train(run, { onMessage: newsTo(messages) });
    deepEqual([steps, messages], [1, [problem]]);
  }, 4);
});

Deno.test("train() gives the same run from packed images, which later runs find", async () => {
  await withTinyRun(async (folder, data) => {
    const told: string[] = [];
    const hooks = { onMessage: newsTo(told) };
    const run = { ...TINY_RUN, steps: 2, data, cache_memory: 0 };
    await train({ ...run, out: `${folder}/files` });
    const cache_disk = `${folder}/images.pack`;
    await train({ ...run, out: `${folder}/packed`, cache_disk }, hooks);
    equal(told[0], `packing 40 images into "${cache_disk}"`);
    const messages = told.length;
    await train({ ...run, out: `${folder}/again`, cache_disk, cache_memory: 1 }, hooks);
    equal(told.length, messages);
    for (const out of ["packed", "again"]) {
      deepEqual(lossesOf(`${folder}/${out}`), lossesOf(`${folder}/files`));
    }
  });
});

Deno.test("train() keeps an earlier run where it cannot pack images", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, data, out: `${folder}/run`, steps: 1, overwrite: true };
    await train(run);
    const before = await readFile(`${run.out}/${LAST}`);
    await rejects(
      train({ ...run, seed: 1, cache_disk: data }),
      new DataError(
        `Cannot pack images: cache_disk must be the path of a pack or of no file yet, got the ` +
          `folder "${data}"; choose another`,
      ),
    );
    deepEqual(await readFile(`${run.out}/${LAST}`), before);
  });
});

Deno.test("train() tells what is wrong before it does anything", async (t) => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, out: `${folder}/run`, data };
    const missing = `${folder}/missing`, empty = `${folder}/empty`;
    await mkdir(empty);

    await t.step("no folder", () =>
      rejects(
        train({ ...run, data: missing }),
        new DataError(
          `Cannot find images: data must be an existing folder or file, got "${missing}"; check the path`,
        ),
      ));
    await t.step("no images", () =>
      rejects(
        train({ ...run, data: empty }),
        new DataError(
          "Cannot find images: data must hold files that end in jpg, jpeg, png, webp, bmp, gif, tif, " +
            "tiff, ppm, pgm, got none in " +
            `"${empty}"; point data at a folder with images`,
        ),
      ));
    await t.step("no image that can be read", async () => {
      await writeFile(`${empty}/a.jpg`, "no image");
      await rejects(
        train({ ...run, data: empty }),
        new DataError(
          "Cannot load batches: at least one of 1 images must be readable, got none; the first, " +
            "a.jpg: Cannot decode image: file must be a JPEG, PNG, WebP, BMP, GIF, TIFF, PPM or " +
            "PGM, got 8 bytes that start with [6e 6f 20 69]; convert the file",
        ),
      );
    });
    await t.step("a folder that is not empty", () =>
      rejects(
        train({ ...run, out: folder }),
        new ConfigError([{
          key: "out",
          message: `must be an empty folder, got "${folder}" with 2 entries; choose another, or ` +
            "write overwrite=true to replace the run there or resume_interrupted=true to go on " +
            "with it",
        }]),
      ));
    await t.step(
      "a setting that is misspelt",
      () =>
        rejects(train({ ...run, stpes: 3 } as TrainOptions), (error: ConfigError) => {
          deepEqual(error.problems.map(({ key }) => key), ["stpes"]);
          return true;
        }),
    );
    deepEqual((await readdir(folder)).sort(), ["data", "empty"]);
  }, 4);
});
