import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { modelOf } from "../../src/golden/training_case.ts";
import { ShapeError } from "../../src/gpu/errors.ts";
import { loadModel } from "../../src/inference/load_model.ts";
import { createModel, Model } from "../../src/inference/model.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { writeSafetensors } from "../../src/safetensors_file.ts";
import { train } from "../../src/training/train.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";
import { TINY_PTH } from "../support/weights_server.ts";

Deno.test("forwardFeatures() gives the recorded tokens, with and without registers", async (t) => {
  for (const name of ["tiny_softmax", "tiny_registers_swiglu"]) {
    await t.step(name, async () => {
      const golden = loadCase(name);
      const config = modelOf(golden);
      using model = await Model.allocate(config);
      await model.setWeights((weight) =>
        Promise.resolve(golden.f32(`init.teacher.backbone.${weight}`))
      );
      const [images, , height, width] = golden.shape("step0.global_views");
      const { clsToken, regTokens, patchTokens, grid } = await model.forwardFeatures(
        golden.f32("step0.global_views"),
        { images, size: [height, width] },
      );
      const expected = golden.f32("step0.teacher_tokens_global");
      const dim = config.embedDim;
      const perImage = expected.length / images;
      const registers = config.numRegisterTokens * dim;
      const cut = (first: number, length: number) =>
        Array.from({ length: images }, (_, i) => i * perImage + first)
          .flatMap((start) => [...expected.subarray(start, start + length)]);
      const tolerance = { rtol: 1e-4, atol: 1e-4 };
      assertAllClose(clsToken, cut(0, dim), tolerance, "class tokens");
      assertAllClose(regTokens, cut(dim, registers), tolerance, "registers");
      const patches = perImage - dim - registers;
      assertAllClose(patchTokens, cut(dim + registers, patches), tolerance, "patch tokens");
      equal(grid[0] * grid[1] * dim, patches);
    });
  }
});

Deno.test("forwardFeatures() takes one shape after another, and each image by itself", async () => {
  using model = await createModel("dinov2/vittest", { seed: 3 });
  const two = randomArray(2 * 3 * 16 * 24, { seed: 1 });
  const shape = { images: 2, size: [16, 24] } as const;
  const first = await model.forwardFeatures(two, shape);
  for (const size of [[8, 8], [32, 32], [40, 16]] as const) {
    const { patchTokens } = await model.forwardFeatures(
      new Float32Array(3 * size[0] * size[1]),
      { images: 1, size },
    );
    equal(patchTokens.length, size[0] / 8 * size[1] / 8 * 64);
  }
  deepEqual(await model.forwardFeatures(two, shape), first, "the pass is made again");
  const alone = await model.forwardFeatures(two.subarray(two.length / 2), { ...shape, images: 1 });
  assertAllClose(alone.clsToken, first.clsToken.subarray(64));
});

Deno.test("forwardFeatures() keeps images apart that are asked for at the same time", async () => {
  using model = await createModel("dinov2/vittest", { seed: 3 });
  const shapes = [[16, 24], [16, 24], [8, 8], [32, 8]] as const;
  const asked = shapes.map((size, seed) => {
    return [randomArray(3 * size[0] * size[1], { seed }), { images: 1, size }] as const;
  });
  const together = await Promise.all(asked.map((args) => model.forwardFeatures(...args)));
  for (const [i, args] of asked.entries()) {
    deepEqual(together[i], await model.forwardFeatures(...args), `images ${i}`);
  }
  const wrong = model.forwardFeatures(asked[0][0], { images: 9, size: [8, 8] });
  const right = model.forwardFeatures(...asked[0]);
  await rejects(wrong, ShapeError);
  deepEqual(await right, together[0], "an error is of one call alone");
});

Deno.test("forwardFeatures() leaves patch tokens where they are, if nobody wants them", async () => {
  using model = await createModel("dinov2/vittest", { seed: 3 });
  const pixels = randomArray(3 * 16 * 16, { seed: 2 });
  const shape = { images: 1, size: [16, 16] } as const;
  const all = await model.forwardFeatures(pixels, shape);
  const few = await model.forwardFeatures(pixels, shape, { patches: false });
  deepEqual(few, { ...all, patchTokens: new Float32Array() });
});

Deno.test("forwardFeatures() says which pixels it wants", async () => {
  using model = await createModel("dinov2/vittest");
  await rejects(
    model.forwardFeatures(new Float32Array(12), { images: 1, size: [8, 12] }),
    new ShapeError(
      "Cannot compute features: size must be multiples of patch_size 8, got [8, 12]",
    ),
  );
  await rejects(
    model.forwardFeatures(new Float32Array(12), { images: 1, size: [8, 8] }),
    new ShapeError(
      "Cannot compute features: images must have 192 values for shape [1, 3, 8, 8], got 12",
    ),
  );
});

Deno.test("loadModel() loads what training leaves: the exported teacher, either network of a checkpoint", async () => {
  await withTinyRun(async (folder, data) => {
    const { exported, checkpoint } = await train({
      ...TINY_RUN,
      out: `${folder}/a`,
      data,
      steps: 2,
    });
    const weightsOf = async (path: string, which?: "teacher" | "student") => {
      using model = await loadModel(path, { which });
      return await model.weights();
    };
    const teacher = await weightsOf(exported!);
    deepEqual(await weightsOf(checkpoint!), teacher);
    const student = await weightsOf(checkpoint!, "student");
    deepEqual([...student.keys()], [...teacher.keys()]);
    equal(teacher.get("blocks.1.attn.qkv.weight")!.shape.join(), "192,64");
    const same = [...student].filter(([name, { values }]) =>
      values.every((value, i) => value === teacher.get(name)!.values[i])
    );
    equal(same.length < student.size / 4, true, `${same.length} of ${student.size} are alike`);
  });
});

Deno.test("loadModel() refuses files without a backbone, and lists what does not fit", async () => {
  const folder = await Deno.makeTempDir();
  const [foreign, other] = [`${folder}/foreign.safetensors`, `${folder}/other.safetensors`];
  const zeros = (name: string, shape: number[]) => {
    const sizeBytes = shape.reduce((bytes, size) => bytes * size, 4);
    return { name, dtype: "F32" as const, shape, data: () => new Uint8Array(sizeBytes) };
  };
  await writeSafetensors(foreign, [zeros("fc.weight", [2])]);
  await rejects(
    loadModel(foreign),
    new CheckpointError(
      `Cannot load "${foreign}": it must hold a DINOv2 backbone, got 1 tensors such as fc.weight`,
    ),
  );
  using model = await createModel("dinov2/vittest", { model_args: { depth: 1 } });
  const weights = [...await model.weights()].map(([name, { shape }]) => zeros(name, [...shape]));
  const changed = weights.filter(({ name }) => name !== "norm.bias" && name !== "cls_token")
    .concat([zeros("cls_token", [1, 1, 8]), zeros("extra", [1])]);
  await writeSafetensors(other, changed, {
    format: "denodino-backbone/1",
    model: JSON.stringify(model.config),
  });
  await rejects(
    loadModel(other),
    new CheckpointError(
      `Cannot load "${other}": it must hold the weights of ${weights.length} tensors, got 3 ` +
        "problems\n  cls_token [1, 1, 64] is [1, 1, 8]\n  norm.bias [64] is missing\n  " +
        "extra is unexpected",
    ),
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("loadModel() takes the name of a model with published weights", async () => {
  const find = { file: TINY_PTH };
  using named = await loadModel("dinov2/vits14", { numHeads: 2, find });
  using plain = await loadModel(TINY_PTH, { numHeads: 2 });
  deepEqual(await named.weights(), await plain.weights());
  deepEqual(named.config, { ...plain.config, name: "dinov2/vits14" });
});

Deno.test("random weights and published ones are not taken for one another", async () => {
  const refused = (key: string, message: string) => new ConfigError([{ key, message }]);
  await rejects(
    loadModel("dinov2/vittest"),
    refused(
      "model",
      'must be a file, or a model with published weights, got "dinov2/vittest"; call ' +
        "createModel() for random ones",
    ),
  );
  await rejects(loadModel("dinov2/absent.pth"), CheckpointError); // a path, by its ending
  await rejects(
    createModel("dinov2/vits14"),
    refused(
      "model",
      'must end in -notpretrained to start at random, got "dinov2/vits14"; write so, or call ' +
        "loadModel() for its published weights",
    ),
  );
});

Deno.test("a pass that does not fit the adapter says so in the words of evaluations", async () => {
  using model = await createModel("dinov2/vittest");
  const { maxBindingBytes, name } = model.adapter;
  if (maxBindingBytes > 2 ** 28) return; // the images for it would take gigabytes
  const images = Math.ceil(maxBindingBytes / (4 * 3 * 32 * 32)) + 1;
  const pixels = new Float32Array(images * 3 * 32 * 32);
  await rejects(model.forwardFeatures(pixels, { images, size: [32, 32] }), ({ message }: Error) => {
    ok(message.startsWith(`Cannot run this plan on ${name}: `), message);
    const end = "; take fewer images at once (lower batch_size), or smaller ones (image_size)";
    ok(message.endsWith(end), message);
    return true;
  });
});
