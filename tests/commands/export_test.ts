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
    which: "teacher",
    num_heads: null,
    overwrite: false,
  });
  const json = await runWith([...args, "--json"], { export: run });
  deepEqual(JSON.parse(json.out), REPORT);
});

Deno.test("export tells all that is wrong with its options", async () => {
  const { code, err } = await runWith(["export", "checkpoint=a", "format=onnx", "which=both"]);
  equal(code, 2);
  match(err, /Found 3 problems/);
  match(err, /format: must be "safetensors" or "torch_state_dict" or "hf" or "timm", got "onnx"/);
});
