import { deepEqual, equal, rejects } from "node:assert/strict";
import { loadModel } from "../../src/inference/load_model.ts";
import { createModel } from "../../src/inference/model.ts";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import { exportWeights } from "../../src/weights/export_weights.ts";
import { openWeights } from "../../src/weights/open_weights.ts";
import { linearReference } from "../reference/linear.ts";
import { runOnnx } from "../reference/onnx.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { DIM, EMBED, EMBED_DIM, embeddingCheckpoint } from "../support/embedding_checkpoint.ts";
import { readOnnx } from "../support/onnx_model.ts";

const part = "embedding_model";
const num_heads = 2;

Deno.test("the layer on top comes with an embedding model, and not with a model", async () => {
  const folder = await Deno.makeTempDir();
  const checkpoint = await embeddingCheckpoint(folder);
  for (const format of ["safetensors", "torch_state_dict"] as const) {
    const [whole, plain] = [`${folder}/${format}`, `${folder}/${format}_plain`];
    const report = await exportWeights({ checkpoint, format, out: whole, part, num_heads });
    const other = await exportWeights({ checkpoint, format, out: plain, num_heads });
    deepEqual(report.tensors, other.tensors + 2);
    await using read = await openWeights(whole);
    deepEqual(read.shapes.get("embed.weight"), [EMBED_DIM, DIM]);
    deepEqual(await read.f32("embed.weight"), EMBED.weight);
    deepEqual(await read.f32("embed.bias"), EMBED.bias);
    await using without = await openWeights(plain);
    deepEqual([...without.shapes.keys()].filter((name) => name.includes("embed.w")), []);
    // It is an export like any other: loaded as a backbone, and exported again with its layer.
    using model = await loadModel(whole, { numHeads: num_heads });
    equal(model.shapes.has("embed.weight"), false);
    const again = await exportWeights({
      checkpoint: whole,
      format: "safetensors",
      out: `${folder}/${format}_again`,
      part,
      num_heads,
    });
    deepEqual(again.tensors, report.tensors);
  }
});

Deno.test("the student's layer is its own", async () => {
  const folder = await Deno.makeTempDir();
  const checkpoint = await embeddingCheckpoint(folder);
  const out = `${folder}/student.safetensors`;
  await exportWeights({
    checkpoint,
    format: "safetensors",
    out,
    part,
    num_heads,
    which: "student",
  });
  await using file = await SafetensorsFile.open(out);
  deepEqual([...await file.f32("embed.bias")], Array(EMBED_DIM).fill(0));
});

Deno.test("as a graph it gives the class token through the layer", async () => {
  const folder = await Deno.makeTempDir();
  const checkpoint = await embeddingCheckpoint(folder);
  const out = `${folder}/embedding.onnx`;
  await exportWeights({ checkpoint, format: "onnx", out, part, num_heads, image_size: 16 });
  const model = readOnnx(out);
  deepEqual(model.outputs.map(({ name, shape }) => [name, shape]), [
    ["embedding", ["batch", EMBED_DIM]],
  ]);
  equal(model.metadata.part, part);
  const shape = [2, 3, 16, 16];
  const pixels = randomArray(2 * 3 * 16 * 16, { seed: 9 });
  const { values } = runOnnx(model, { images: { shape, values: Float64Array.from(pixels) } })
    .get("embedding")!;
  using backbone = await loadModel(checkpoint, { numHeads: num_heads });
  const { clsToken } = await backbone.forwardFeatures(pixels, { images: 2, size: [16, 16] });
  const sizes = { rows: 2, inputs: DIM, outputs: EMBED_DIM };
  assertAllClose(values, linearReference(clsToken, EMBED.weight, EMBED.bias, sizes));
});

Deno.test("timm has the layer as its head, transformers has no place for it", async () => {
  const folder = await Deno.makeTempDir();
  const checkpoint = await embeddingCheckpoint(folder);
  const out = `${folder}/timm`;
  await exportWeights({ checkpoint, format: "timm", out, part, num_heads });
  const { num_classes, pretrained_cfg } = JSON.parse(Deno.readTextFileSync(`${out}/config.json`));
  deepEqual([num_classes, pretrained_cfg.num_classes], [EMBED_DIM, EMBED_DIM]);
  await using file = await SafetensorsFile.open(`${out}/model.safetensors`);
  deepEqual(file.entries.get("head.weight")?.shape, [EMBED_DIM, DIM]);
  deepEqual(await file.f32("head.bias"), EMBED.bias);
  await rejects(exportWeights({ checkpoint, format: "hf", out: `${folder}/hf`, part, num_heads }), {
    message:
      "Found 1 problem in the configuration\n  part: must be model for format=hf, which has " +
      'no place for the layer of embed_dim 10, got "embedding_model"; choose it, or ' +
      "safetensors, torch_state_dict, timm or onnx",
  });
});

Deno.test("without such a layer an embedding model is the model", async () => {
  const folder = await Deno.makeTempDir();
  using made = await createModel("dinov2/vittest", { model_args: { depth: 1 } });
  const checkpoint = `${folder}/a.safetensors`;
  await made.save(checkpoint);
  for (const format of ["safetensors", "hf", "timm"] as const) {
    const [whole, plain] = [`${folder}/${format}`, `${folder}/${format}_plain`];
    const file = format === "safetensors" ? "" : "/model.safetensors";
    await exportWeights({ checkpoint, format, out: whole, part });
    await exportWeights({ checkpoint, format, out: plain });
    deepEqual(Deno.readFileSync(whole + file), Deno.readFileSync(plain + file));
  }
});

Deno.test("a layer that does not fit the backbone is told", async () => {
  const folder = await Deno.makeTempDir();
  const checkpoint = await embeddingCheckpoint(folder, [DIM, EMBED_DIM]);
  const out = `${folder}/a.safetensors`;
  await rejects(exportWeights({ checkpoint, format: "safetensors", out, part, num_heads }), {
    message:
      `Cannot take embeddings of "${checkpoint}": embed.weight must have shape [n, 64] and embed.bias ` +
      "[n], got [64, 10] and [10]",
  });
});
