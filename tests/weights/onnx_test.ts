import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createModel } from "../../src/inference/model.ts";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import { exportWeights } from "../../src/weights/export_weights.ts";
import { runOnnx } from "../reference/onnx.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { findCase, loadCase } from "../support/golden.ts";
import { readOnnx } from "../support/onnx_model.ts";

const CASES = ["pretrained", "pretrained_registers"];

/** Names of outputs there, and how golden cases call them. */
const OUTPUTS = {
  x_norm_clstoken: "cls",
  x_norm_regtokens: "registers",
  x_norm_patchtokens: "patches",
};

/** The recorded numbers are of a float32 computation, of values up to 3. */
const RECORDED = { rtol: 1e-5, atol: 1e-5 };

async function exported(options: Omit<Parameters<typeof exportWeights>[0], "format" | "out">) {
  const out = `${await Deno.makeTempDir()}/backbone.onnx`;
  const report = await exportWeights({ ...options, format: "onnx", out });
  return { out, report, model: readOnnx(out) };
}

Deno.test("the graph gives what the recorded backbones gave, at every size and opset", async (t) => {
  for (const name of CASES) {
    const golden = loadCase(name);
    const checkpoint = `${findCase(name)}official.pth`;
    for (const { tensor, height, width } of golden.json.images) {
      for (const opset of [17, 20] as const) {
        await t.step(`${name}, ${height} x ${width}, opset ${opset}`, async () => {
          const image_size: [number, number] = [height, width];
          const { num_heads } = golden.json.model;
          const { model } = await exported({ checkpoint, image_size, opset, num_heads });
          equal(model.opset, opset);
          const shape = golden.shape(tensor);
          deepEqual(model.inputs.map(({ shape }) => shape), [["batch", ...shape.slice(1)]]);
          const images = { shape, values: Float64Array.from(golden.f32(tensor)) };
          const outputs = runOnnx(model, { images });
          ok(outputs.size >= 2);
          for (const [output, { shape, values }] of outputs) {
            const recorded = `${tensor}.${OUTPUTS[output as keyof typeof OUTPUTS]}`;
            deepEqual(shape, golden.shape(recorded));
            assertAllClose(values, golden.f32(recorded), RECORDED, recorded);
          }
        });
      }
    }
  }
});

Deno.test("weights keep their names, shapes and bits; the mask token stays behind", async () => {
  for (const name of CASES) {
    const { model } = await exported({ checkpoint: `${findCase(name)}official.pth` });
    await using official = await SafetensorsFile.open(`${findCase(name)}official.safetensors`);
    for (const [weight, { shape }] of official.entries) {
      if (weight === "mask_token") continue;
      deepEqual(model.tensors.get(weight)?.shape, shape, weight);
      deepEqual([...model.tensors.get(weight)!.values], [...await official.f32(weight)], weight);
    }
    ok(!model.tensors.has("mask_token"));
  }
});

Deno.test("a batch is of any number or of the one that was asked for", async () => {
  const checkpoint = `${findCase("pretrained_registers")}official.pth`;
  const shapesOf = (model: Awaited<ReturnType<typeof exported>>["model"]) =>
    [...model.inputs, ...model.outputs].map(({ name, shape }) => [name, shape]);
  const { model } = await exported({ checkpoint });
  deepEqual(shapesOf(model), [
    ["images", ["batch", 3, 28, 28]],
    ["x_norm_clstoken", ["batch", 32]],
    ["x_norm_regtokens", ["batch", 4, 32]],
    ["x_norm_patchtokens", ["batch", 16, 32]],
  ]);
  const { model: fixed } = await exported({ checkpoint, batch_size: 3, image_size: 14 });
  deepEqual(shapesOf(fixed), [
    ["images", [3, 3, 14, 14]],
    ["x_norm_clstoken", [3, 32]],
    ["x_norm_regtokens", [3, 4, 32]],
    ["x_norm_patchtokens", [3, 4, 32]],
  ]);
  const images = {
    shape: [3, 3, 14, 14],
    values: Float64Array.from(randomArray(1764, { seed: 1 })),
  };
  const { model: dynamic } = await exported({ checkpoint, image_size: 14 });
  deepEqual(runOnnx(fixed, { images }), runOnnx(dynamic, { images }));
});

Deno.test("an embedding model gives the class token alone", async () => {
  const checkpoint = `${findCase("pretrained")}official.pth`;
  const golden = loadCase("pretrained");
  const { model } = await exported({ checkpoint, part: "embedding_model", num_heads: 2 });
  deepEqual(model.outputs.map(({ name, shape }) => [name, shape]), [["embedding", ["batch", 32]]]);
  const images = { shape: golden.shape("image0"), values: Float64Array.from(golden.f32("image0")) };
  const { values } = runOnnx(model, { images }).get("embedding")!;
  assertAllClose(values, golden.f32("image0.cls"), RECORDED);
});

Deno.test("weights in a file of their own are the same, each on a page of its own", async () => {
  const checkpoint = `${findCase("pretrained")}official.pth`;
  const inside = await exported({ checkpoint });
  const { out, report, model } = await exported({ checkpoint, external_data: true });
  deepEqual(report, { ...inside.report, files: [out, `${out}.data`] });
  deepEqual(model.tensors, inside.model.tensors);
  ok([...model.places.values()].every(({ offset }) => offset % 4096 === 0));
  deepEqual(
    new Set([...model.places.values()].map(({ location }) => location)),
    new Set(["backbone.onnx.data"]),
  );
  equal(model.places.size, report.tensors);
  ok(!model.places.has("rows.shape"), "shapes stay in the model");
  ok(Deno.statSync(out).size < 20_000);
});

Deno.test("the model says who made it, and what images must be", async () => {
  const folder = await Deno.makeTempDir();
  using made = await createModel("dinov2/vittest");
  await made.save(`${folder}/a.safetensors`);
  const { model, report } = await exported({ checkpoint: `${folder}/a.safetensors` });
  match(model.producer, /^denodino \d+\.\d+\.\d+$/);
  deepEqual([model.irVersion, model.opset], [8, 17]);
  deepEqual(model.metadata, {
    model: "dinov2/vittest",
    part: "model",
    image_size: "[32,32]",
    patch_size: "8",
    num_channels: "3",
    mean: "[0.485,0.456,0.406]",
    std: "[0.229,0.224,0.225]",
    num_register_tokens: "0",
  });
  match(model.inputs[0].doc, /less the mean/);
  const names = model.nodes.map(({ name }) => name);
  equal(new Set(names).size, names.length);
  ok(names.includes("blocks.2.attn.qkv") && names.includes("blocks.0.mlp.act"));
  equal(report.tensors, made.shapes.size - 1, "all but the mask token");
  // A foreign file's path is nobody's business.
  const foreign = await exported({ checkpoint: `${findCase("pretrained")}official.pth` });
  equal(foreign.model.metadata.model, undefined);
});

Deno.test("published weights are called by their model's name", async () => {
  const out = `${await Deno.makeTempDir()}/a.onnx`;
  const options = { checkpoint: "dinov2/vits14", format: "onnx", out, num_heads: 2 } as const;
  await exportWeights(options, { find: { file: `${findCase("pretrained")}official.pth` } });
  equal(readOnnx(out).metadata.model, "dinov2/vits14");
});

Deno.test("a size that is no whole patches is refused, and options of onnx elsewhere", async () => {
  const checkpoint = `${findCase("pretrained")}official.pth`;
  await rejects(exported({ checkpoint, image_size: [28, 30] }), {
    message:
      "Found 1 problem in the configuration\n  image_size: must be multiples of patch_size " +
      "7, got [28, 30]; write image_size=[28,28]",
  });
  const out = `${await Deno.makeTempDir()}/a.pth`;
  const options = {
    checkpoint,
    out,
    format: "torch_state_dict",
    image_size: 28,
    opset: 20,
  } as const;
  await rejects(exportWeights(options), {
    message: "Found 2 problems in the configuration\n" +
      "  image_size: must be left out for format=torch_state_dict, being for onnx, got 28\n" +
      "  opset: must be left out for format=torch_state_dict, being for onnx, got 20",
  });
});

Deno.test("neither the model nor its file of weights is replaced unasked", async () => {
  const checkpoint = `${findCase("pretrained")}official.pth`;
  const out = `${await Deno.makeTempDir()}/a.onnx`;
  await Deno.writeTextFile(`${out}.data`, "mine");
  const options = { checkpoint, out, format: "onnx" } as const;
  await rejects(exportWeights(options), /out: must be new, got ".*a\.onnx\.data", which exists/);
  await exportWeights({ ...options, overwrite: true, external_data: true });
  ok(Deno.statSync(`${out}.data`).size > 1000);
});
