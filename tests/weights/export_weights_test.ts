import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createModel } from "../../src/inference/model.ts";
import { loadModel } from "../../src/inference/load_model.ts";
import { bytesOf, SafetensorsFile, writeSafetensors } from "../../src/safetensors_file.ts";
import { exportWeights } from "../../src/weights/export_weights.ts";
import { EXPORT_FORMATS } from "../../src/weights/export_options.ts";
import { huggingFaceTensors, timmTensors } from "../../src/weights/export_tensors.ts";
import { inferModel } from "../../src/weights/infer_model.ts";
import { openWeights } from "../../src/weights/open_weights.ts";

const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
const CASES = ["pretrained", "pretrained_registers"];

/** Every tensor of a safetensors file: shape and bits. */
async function tensorsOf(path: string) {
  await using file = await SafetensorsFile.open(path);
  const found: Record<string, { shape: readonly number[]; values: number[] }> = {};
  for (const [name, { shape }] of [...file.entries].sort(([a], [b]) => a < b ? -1 : 1)) {
    found[name] = { shape, values: [...await file.f32(name)] };
  }
  return found;
}

Deno.test("each format gives the same weights back, bit for bit", async (t) => {
  for (const name of CASES) {
    for (const format of EXPORT_FORMATS) {
      // Sums of two weights have no way back, and graphs are tested beside their numbers.
      if (format === "timm" || format === "onnx") continue;
      await t.step(`${name}, ${format}`, async () => {
        const folder = await Deno.makeTempDir();
        const [there, back] = [`${folder}/there`, `${folder}/back.safetensors`];
        const checkpoint = `${GOLDEN}${name}/official.pth`;
        await exportWeights({ checkpoint, format, out: there });
        const source = format === "hf" ? `${there}/model.safetensors` : there;
        await exportWeights({ checkpoint: source, format: "safetensors", out: back });
        const original = await tensorsOf(`${GOLDEN}${name}/official.safetensors`);
        deepEqual(await tensorsOf(back), original);
      });
    }
  }
});

Deno.test("for transformers, names, shapes and bits are those of its own models", async () => {
  for (const name of CASES) {
    const out = await Deno.makeTempDir();
    const checkpoint = `${GOLDEN}${name}/official.safetensors`;
    const report = await exportWeights({ checkpoint, format: "hf", out, num_heads: 2 });
    equal(report.files.length, 3);
    deepEqual(
      await tensorsOf(`${out}/model.safetensors`),
      await tensorsOf(`${GOLDEN}${name}/hf.safetensors`),
    );
    const [config, known, processor] = [
      `${out}/config.json`,
      `${GOLDEN}${name}/hf_config.json`,
      `${out}/preprocessor_config.json`,
    ].map((path) => JSON.parse(Deno.readTextFileSync(path)));
    for (const key of Object.keys(config)) if (key in known) equal(config[key], known[key], key);
    ok(Object.keys(config).filter((key) => key in known).length > 6);
    equal("layerscale_value" in config, false, "1.0 cannot be written, and 1 is refused");
    equal(processor.image_mean.length, 3);
  }
});

Deno.test("a model without layer scale has one of ones for transformers", async () => {
  const source = await openWeights(`${GOLDEN}pretrained/official.safetensors`);
  await using _ = source;
  const model = { ...inferModel(source.shapes, "a"), layerScaleInit: null };
  const scale = huggingFaceTensors(source, model)
    .filter(({ name }) => name === "encoder.layer.0.layer_scale2.lambda1");
  equal(scale.length, 2, "the file's own, and that of a model which has none");
  deepEqual([...await scale[1].values()], Array<number>(model.embedDim).fill(1));
});

Deno.test("transformers is given ratios that are whole, or none", async () => {
  const folder = await Deno.makeTempDir();
  using made = await createModel("dinov2/vittest", { model_args: { depth: 1, mlp_ratio: 2.5 } });
  const checkpoint = `${folder}/a.safetensors`;
  await made.save(checkpoint);
  await rejects(exportWeights({ checkpoint, format: "hf", out: `${folder}/hf` }), {
    message: "Found 1 problem in the configuration\n  format: must be another for mlp_ratio 2.5, " +
      'got "hf", whose ratios are whole; choose safetensors, torch_state_dict, timm or onnx',
  });
});

Deno.test("for timm, registers take the class token's position, and gates other names", async () => {
  await using source = await openWeights(`${GOLDEN}pretrained_registers/official.safetensors`);
  const model = inferModel(source.shapes, "a");
  const tensors = new Map(timmTensors(source, model).map((each) => [each.name, each]));
  const [cls, positions] = [await source.f32("cls_token"), await source.f32("pos_embed")];
  deepEqual(await tensors.get("cls_token")!.values(), cls.map((value, i) => value + positions[i]));
  const [, count, width] = source.shapes.get("pos_embed")!;
  deepEqual(tensors.get("pos_embed")!.shape, [1, count - 1, width]);
  deepEqual(await tensors.get("pos_embed")!.values(), positions.slice(width));
  ok(tensors.has("reg_token") && tensors.has("blocks.0.mlp.fc1.weight"));
  ok(![...tensors.keys()].some((name) => /mask_token|register_tokens|w12|w3/.test(name)));

  await using plain = await openWeights(`${GOLDEN}pretrained/official.safetensors`);
  const kept = timmTensors(plain, inferModel(plain.shapes, "b"));
  const wanted = [...plain.shapes.keys()].filter((name) => name !== "mask_token");
  deepEqual(kept.map(({ name }) => name), wanted);
});

Deno.test("who follows an export is told of all bytes, whatever the format", async () => {
  const folder = await Deno.makeTempDir();
  const checkpoint = `${GOLDEN}pretrained/official.pth`;
  for (const format of EXPORT_FORMATS) {
    const told: [number, number][] = [];
    const onBytes = (done: number, total: number) => void told.push([done, total]);
    const { tensors, parameters } = await exportWeights(
      { checkpoint, format, out: `${folder}/${format}`, num_heads: 2 },
      { onBytes },
    );
    equal(told.length, tensors, format);
    deepEqual(told.at(-1), [4 * parameters, 4 * parameters], format);
    ok(told.every(([done], i) => i === 0 || done > told[i - 1][0]), format);
  }
});

Deno.test("what a .pth of ours holds, loadModel() loads", async () => {
  const folder = await Deno.makeTempDir();
  using made = await createModel("dinov2/vittest", { seed: 5 });
  await made.save(`${folder}/a.safetensors`);
  const out = `${folder}/new/a.pth`;
  const checkpoint = `${folder}/a.safetensors`;
  const report = await exportWeights({ checkpoint, format: "torch_state_dict", out });
  equal(report.tensors, made.shapes.size);
  using loaded = await loadModel(out, { numHeads: made.config.numHeads });
  deepEqual(await loaded.weights(), await made.weights());
});

Deno.test("nothing is replaced unasked, and what cannot be exported is told", async () => {
  const folder = await Deno.makeTempDir();
  const options = { checkpoint: `${GOLDEN}pretrained/official.pth`, out: `${folder}/a.pth` };
  const format = "torch_state_dict" as const;
  await exportWeights({ ...options, format });
  await rejects(exportWeights({ ...options, format }), /out: must be new.*overwrite=true/);
  await exportWeights({ ...options, format, overwrite: true });
  await rejects(exportWeights({ ...options, format: "hf" }), /out: must be a folder, got the file/);
  await rejects(
    exportWeights({ ...options, out: folder, format }),
    /must be a file, got the folder/,
  );
  const named = { ...options, out: `${folder}/b`, format, checkpoint: "dinov2/vittest" };
  await rejects(
    exportWeights(named),
    /checkpoint: must be a file, the folder of a run or a model with/,
  );
  deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.pth"]);
});

Deno.test("the folder of a run is not exported into, whatever is asked", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/metrics.jsonl`, "");
  const options = { checkpoint: `${GOLDEN}pretrained/official.pth`, out: folder, overwrite: true };
  await rejects(exportWeights({ ...options, format: "hf" }), /must not be the folder of a run/);
});

Deno.test("heads are those of config.json beside a file, or as told, if they can be", async () => {
  const out = await Deno.makeTempDir();
  const checkpoint = `${GOLDEN}pretrained/official.pth`;
  await exportWeights({ checkpoint, format: "hf", out, num_heads: 2 });
  using model = await loadModel(`${out}/model.safetensors`);
  equal(model.config.numHeads, 2);
  await rejects(
    loadModel(checkpoint, { numHeads: 3 }),
    /num_heads: must divide the width 32, got 3/,
  );
  const own = `${out}/own.safetensors`;
  await model.save(own);
  await rejects(loadModel(own, { numHeads: 4 }), /num_heads: must be 2, as the file says, got 4/);
  await rejects(loadModel(own, { which: "student" }), /must hold a student, got one network/);
});

Deno.test("a backbone that is not whole is not exported as if it were", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/part.safetensors`;
  await using whole = await SafetensorsFile.open(`${GOLDEN}pretrained/official.safetensors`);
  const kept = [...whole.entries].filter(([name]) => !name.startsWith("norm."));
  await writeSafetensors(
    path,
    await Promise.all(kept.map(async ([name, { shape }]) => {
      const values = await whole.f32(name);
      return { name, shape, dtype: "F32" as const, data: () => bytesOf(values) };
    })),
  );
  const options = { checkpoint: path, format: "torch_state_dict" as const, out: `${folder}/a.pth` };
  await rejects(
    exportWeights(options),
    /must hold all weights.*got none of norm.weight, norm.bias/,
  );
});
