import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { loadModel } from "../../src/inference/load_model.ts";
import { Model } from "../../src/inference/model.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { resizedPositions } from "../../src/weights/resized_positions.ts";
import { resumeRun } from "../../src/training/resume_run.ts";
import { stepShape } from "../../src/training/run_setup.ts";
import { startValues } from "../../src/training/start_values.ts";
import { TrainStep } from "../../src/training/step.ts";
import { train } from "../../src/training/train.ts";
import { adaptChannels } from "../../src/weights/adapted_channels.ts";
import { BackboneWeights } from "../../src/weights/backbone_weights.ts";
import type { FindOptions } from "../../src/weights/pretrained.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";
import {
  surroundingsIn,
  TINY_PTH,
  TINY_PTH_ARGS,
  WeightsServer,
} from "../support/weights_server.ts";

/** A run of the tiny published file, under the name of a model that is pretrained. */
const PRETRAINED_RUN = {
  ...TINY_RUN,
  model: "dinov2/vits14",
  weights: TINY_PTH,
  model_args: { ...TINY_PTH_ARGS },
  transform_args: { image_size: 28, local_view: { num_views: 2, view_size: 14 } },
} satisfies Partial<TrainOptions>;

const HEADS_HINT = "; the heads start at random: " +
  "method_args.student_freeze_backbone_steps=N trains them alone first";

function configOf(change: Partial<TrainOptions> = {}) {
  return resolveConfig({ ...PRETRAINED_RUN, out: "-", data: "-", ...change });
}

/** A step that was started with these settings, whether it was, and what a user is told. */
async function started(gpu: Gpu, change: Partial<TrainOptions> = {}, find: FindOptions = {}) {
  const config = configOf(change);
  const step = new TrainStep(gpu, stepShape(config));
  const messages: string[] = [];
  const onMessage = (message: string) => void messages.push(message);
  const done = await startValues(config, step, gpu, { onMessage }, find);
  return { step, done, messages };
}

async function valuesOf(gpu: Gpu, step: TrainStep, network: "values" | "teacher") {
  const all = new Map<string, Float32Array>();
  for (const { members, ...buffers } of step.networks.buffers) {
    const flat = await gpu.download(buffers[network]);
    for (const { parameter: { name, shape }, offset } of members) {
      all.set(name, flat.subarray(offset, offset + elementCount(shape)));
    }
  }
  return all;
}

/** Sets variables of this process for as long as `body` takes. */
async function withEnv(variables: Record<string, string>, body: () => Promise<void>) {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

Deno.test("startValues() starts both backbones from pretrained weights, the heads at random", async () => {
  using gpu = await Gpu.open();
  const { step, messages } = await started(gpu);
  const plain = await started(gpu, { model: "dinov2/vits14-notpretrained", weights: null });
  await using file = await BackboneWeights.open(TINY_PTH);
  for (const network of ["values", "teacher"] as const) {
    const [now, random] = [
      await valuesOf(gpu, step, network),
      await valuesOf(gpu, plain.step, network),
    ];
    for (const [name, values] of now) {
      const isBackbone = name.startsWith("backbone.");
      const expected = isBackbone
        ? await file.f32(name.slice("backbone.".length))
        : random.get(name)!;
      deepEqual(values, expected, name);
    }
  }
  deepEqual(messages, [`starting from the backbone in "${TINY_PTH}"${HEADS_HINT}`]);
});

Deno.test("startValues() resizes positions to another img_size, and says so", async () => {
  using gpu = await Gpu.open();
  const { step, messages } = await started(gpu, {
    model_args: { ...TINY_PTH_ARGS, img_size: 42 },
  });
  equal((await valuesOf(gpu, step, "teacher")).get("backbone.pos_embed")!.length, 37 * 32);
  deepEqual(messages, [
    "positions of 4 x 4 patches resized to 6 x 6",
    `starting from the backbone in "${TINY_PTH}"${HEADS_HINT}`,
  ]);
});

Deno.test("startValues() adapts the patch embedding to other channels, and says so", async () => {
  using gpu = await Gpu.open();
  const transform_args = { ...PRETRAINED_RUN.transform_args, num_channels: 4 };
  const { step, messages } = await started(gpu, { transform_args });
  await using file = await BackboneWeights.open(TINY_PTH);
  const expected = adaptChannels(await file.f32("patch_embed.proj.weight"), [3, 4], 49);
  for (const network of ["values", "teacher"] as const) {
    const now = await valuesOf(gpu, step, network);
    deepEqual(now.get("backbone.patch_embed.proj.weight"), expected);
  }
  deepEqual(messages, [
    "patch embedding of 3 channels adapted to 4 channels: repeated in turn, scaled by 3/4",
    `starting from the backbone in "${TINY_PTH}"${HEADS_HINT}`,
  ]);
});

Deno.test("a view of img_size gets the positions it would get of the file's grid", async () => {
  for (const folder of ["pretrained", "pretrained_registers"]) {
    const path = TINY_PTH.replace("pretrained_registers", folder);
    using stored = await loadModel(path, { numHeads: 2 });
    for (const side of [21, 49]) { // smaller and larger than the 28 pixels stored
      const config = { ...stored.config, imgSize: side };
      using resized = await Model.allocate(config);
      await using file = await BackboneWeights.open(path);
      const source = {
        shapes: file.shapes,
        f32: (name: string) => file.f32(name),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
      const { weights, sides } = resizedPositions(source, config, "pos_embed");
      deepEqual(sides, [4, side / 7]);
      await resized.setWeights((name) => weights.f32(name));
      const image = randomArray(3 * side * side, { seed: 1 });
      const shape = { images: 1, size: [side, side] as [number, number] };
      const [a, b] = [
        await stored.forwardFeatures(image, shape),
        await resized.forwardFeatures(image, shape),
      ];
      assertAllClose(b.patchTokens, a.patchTokens);
      assertAllClose(b.clsToken, a.clsToken);
    }
  }
});

Deno.test("startValues() lists what model_args changed about a pretrained backbone", async () => {
  using gpu = await Gpu.open();
  const listing = (args: TrainOptions["model_args"]) =>
    started(gpu, { model_args: { ...TINY_PTH_ARGS, ...args } })
      .then(() => "", ({ message }: Error) => message);
  const deeper = await listing({ depth: 3 });
  ok(
    deeper.startsWith(`Cannot start from "${TINY_PTH}": it must hold the weights of dinov2/vits14`),
  );
  ok(deeper.includes("\n  missing:\n    backbone.blocks.2.norm1.weight\n"), deeper);
  const wider = await listing({ embed_dim: 48 });
  ok(wider.includes("\n    backbone.pos_embed must be [1, 17, 48], got [1, 17, 32]\n"), wider);
});

Deno.test("startValues() looks where it is told, and can be stopped while it does", async () => {
  using gpu = await Gpu.open();
  const folder = await Deno.makeTempDir();
  await using server = new WeightsServer({ bytes: await Deno.readFile(TINY_PTH) });
  const find = { base: server.base, surroundings: surroundingsIn(folder) };
  await rejects(
    started(gpu, { weights: null }, find),
    /dinov2_vits14_reg4_pretrain\.pth: it must have 88291785 bytes, got 136991; try again/,
  );
  const { done, step } = await started(gpu, { weights: null }, {
    ...find,
    signal: AbortSignal.abort(),
  });
  equal(done, false);
  ok((await gpu.download(step.networks.buffers[0].values)).every((value) => value === 0));
  equal(server.requests.length, 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("train() from pretrained weights is resumed without them", async () => {
  await withTinyRun(async (folder, data) => {
    const weights = `${folder}/weights.pth`;
    await Deno.copyFile(TINY_PTH, weights);
    const out = `${folder}/run`;
    const messages: string[] = [];
    const onMessage = (message: string) => void messages.push(message);
    await train({ ...PRETRAINED_RUN, weights, steps: 1, out, data }, { onMessage });
    ok(messages.includes(`starting from the backbone in "${weights}"${HEADS_HINT}`));
    await Deno.remove(weights);
    equal((await resumeRun(out, {}, { steps: 2 })).steps, 2);
  });
});

Deno.test("train() that cannot have its weights, or is stopped first, changes nothing", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...PRETRAINED_RUN, weights: null, out: `${folder}/run`, data, overwrite: true };
    await Deno.mkdir(run.out);
    await Deno.writeTextFile(`${run.out}/mine.txt`, "kept");
    const env = { DENODINO_CACHE: `${folder}/cache`, TORCH_HOME: folder, DENODINO_OFFLINE: "1" };
    await withEnv(env, async () => {
      await rejects(train(run), (error: Error) => {
        ok(error instanceof CheckpointError);
        match(error.message, /: a download must be allowed, got DENODINO_OFFLINE=1; try again/);
        return true;
      });
    });
    await withEnv({ ...env, DENODINO_OFFLINE: "0" }, async () => {
      const { reason, checkpoint } = await train(run, { signal: AbortSignal.abort() });
      deepEqual([reason, checkpoint], ["interrupted", null]);
    });
    const names = [...Deno.readDirSync(run.out)].filter(({ isFile }) => isFile);
    deepEqual(names.map(({ name }) => name), ["mine.txt"]);
  });
});
