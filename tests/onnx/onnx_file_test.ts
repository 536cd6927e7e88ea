import { deepEqual, equal, rejects } from "node:assert/strict";
import { dirname } from "node:path";
import { OnnxGraph } from "../../src/onnx/graph.ts";
import { writeOnnx } from "../../src/onnx/onnx_file.ts";
import { randomArray } from "../support/arrays.ts";
import { readOnnx } from "../support/onnx_model.ts";

const WEIGHTS = { a: randomArray(6, { seed: 1 }), b: randomArray(2000, { seed: 2 }) };

/** Adds two weights to its input, one after the other. */
function model(weights: Record<"a" | "b", Float32Array> = WEIGHTS) {
  const graph = new OnnxGraph("sums");
  const tensor = (name: "a" | "b", shape: number[]) =>
    graph.tensor({ name, type: "float", shape, values: () => Promise.resolve(weights[name]) });
  graph.inputs.push({ name: "x", type: "float", shape: ["any", 2000], doc: "what is added to" });
  graph.add("Add", "first", ["x", tensor("b", [1, 2000])]);
  graph.add("Mul", "second", ["first", graph.number("two", 2)]);
  graph.add("Reshape", "third", ["second", graph.integers("shape", [-1, 1, 2000])], {}, "y");
  tensor("a", [2, 3]);
  graph.outputs.push({ name: "y", type: "float", shape: ["any", 1, 2000], doc: "the sum, twice" });
  const producer = { name: "tests", version: "1.2.3" };
  return { opset: 17, producer, doc: "Two sums", metadata: { key: "värde" }, graph };
}

Deno.test("a model comes back as it was, through a decoder that is not ours", async () => {
  const path = `${await Deno.makeTempDir()}/a.onnx`;
  deepEqual(await writeOnnx(path, model()), [path]);
  const read = readOnnx(path);
  deepEqual(
    [read.irVersion, read.opset, read.producer, read.doc, read.metadata],
    [8, 17, "tests 1.2.3", "Two sums", { key: "värde" }],
  );
  deepEqual(read.inputs, [{ name: "x", shape: ["any", 2000], doc: "what is added to" }]);
  deepEqual(read.outputs, [{ name: "y", shape: ["any", 1, 2000], doc: "the sum, twice" }]);
  deepEqual(read.nodes.at(-1), {
    name: "third",
    op: "Reshape",
    inputs: ["second", "shape"],
    outputs: ["y"],
    attributes: {},
  });
  deepEqual(read.tensors.get("a"), { shape: [2, 3], values: Float64Array.from(WEIGHTS.a) });
  deepEqual(read.tensors.get("two"), { shape: [], values: Float64Array.of(2) });
  deepEqual([...read.tensors.get("shape")!.values], [-1, 1, 2000]);
});

Deno.test("weights of a message that would be too large lie beside it, on pages", async () => {
  const path = `${await Deno.makeTempDir()}/a.onnx`;
  await writeOnnx(path, model());
  const sizeBytes = Deno.statSync(path).size;
  deepEqual(await writeOnnx(path, model(), { largestBytes: sizeBytes }), [path]);
  const files = await writeOnnx(path, model(), { largestBytes: sizeBytes - 1 });
  deepEqual(files, [path, `${path}.data`]);
  const read = readOnnx(path);
  deepEqual([...read.places], [
    ["b", { location: "a.onnx.data", offset: 0 }],
    ["a", { location: "a.onnx.data", offset: 8192 }],
  ]);
  deepEqual(read.tensors.get("b")?.values, Float64Array.from(WEIGHTS.b));
  deepEqual(read.tensors.get("a")?.values, Float64Array.from(WEIGHTS.a));
  equal(Deno.statSync(`${path}.data`).size, 8192 + 4 * 6);
  await writeOnnx(path, model());
  deepEqual(
    [...Deno.readDirSync(dirname(path))].map(({ name }) => name),
    ["a.onnx"],
    "no old ones",
  );
});

Deno.test("a weight of another size than its shape is not written, and nothing is left", async () => {
  const folder = await Deno.makeTempDir();
  const wrong = model({ ...WEIGHTS, a: WEIGHTS.a.subarray(1) });
  for (const external of [false, true]) {
    await rejects(writeOnnx(`${folder}/a.onnx`, wrong, { external }), {
      message: "Cannot write a: it must have 24 bytes, got 20",
    });
  }
  deepEqual([...Deno.readDirSync(folder)], []);
});
