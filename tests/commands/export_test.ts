import { deepEqual, equal, match } from "node:assert/strict";
import { runWith } from "../support/run_program.ts";

const REPORT = { files: ["a/model.safetensors", "a/config.json"], tensors: 3, parameters: 12 };

Deno.test("export hands its options on, and lists what it wrote", async () => {
  let given: unknown;
  const run = (options: unknown) => {
    given = options;
    return Promise.resolve(REPORT);
  };
  const args = ["export", "checkpoint=out/a", "format=hf", "out=a"];
  const { out } = await runWith(args, { export: run });
  equal(out, "a/model.safetensors\na/config.json\n3 tensors, 12 parameters\n");
  deepEqual(given, {
    checkpoint: "out/a",
    format: "hf",
    out: "a",
    part: "model",
    which: "teacher",
    num_heads: null,
    image_size: null,
    batch_size: "dynamic",
    opset: 17,
    external_data: false,
    overwrite: false,
  });
  const json = await runWith([...args, "--json"], { export: run });
  deepEqual(JSON.parse(json.out), REPORT);
});

Deno.test("export tells all that is wrong with its options", async () => {
  const { code, err } = await runWith(["export", "checkpoint=a", "format=tflite", "which=both"]);
  equal(code, 2);
  match(err, /Found 3 problems/);
  match(
    err,
    /format: must be "safetensors" or "torch_state_dict" or "hf" or "timm" or "onnx", got/,
  );
});

Deno.test("export reads what onnx is told", async () => {
  let given: Record<string, unknown> = {};
  const run = (options: Record<string, unknown>) => {
    given = options;
    return Promise.resolve(REPORT);
  };
  const args = ["export", "checkpoint=a", "format=onnx", "out=a.onnx"];
  const told = ["image_size=[224,448]", "batch_size=4", "opset=20", "part=embedding_model"];
  equal((await runWith([...args, ...told], { export: run })).code, 0);
  deepEqual(
    [given.image_size, given.batch_size, given.opset, given.part],
    [[224, 448], 4, 20, "embedding_model"],
  );
  const { code, err } = await runWith([...args, "batch_size=0", "opset=16", "image_size=big"]);
  equal(code, 2);
  match(err, /image_size: must be a size in pixels or \[height, width\], got "big"/);
  match(err, /batch_size: must be at least 1, got 0/);
  match(err, /opset: must be 17 or 20, got 16/);
});
