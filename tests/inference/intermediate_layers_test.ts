import { deepEqual, equal, rejects } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { layerNormReference } from "../reference/layer_norm.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { deepModel, modelOf } from "../support/deep_model.ts";

const DIM = 64;
const SHAPE = { images: 2, size: [16, 24] } as const;
const PIXELS = randomArray(2 * 3 * 16 * 24, { seed: 1 });

Deno.test("getIntermediateLayers() gives what models that end at those blocks give", async () => {
  using model = await deepModel();
  const layers = await model.getIntermediateLayers(PIXELS, SHAPE, { n: 3 });
  equal(layers.length, 3);
  deepEqual(layers[2], await model.forwardFeatures(PIXELS, SHAPE), "the last block");
  const weights = await model.weights();
  for (const depth of [1, 2]) {
    using truncated = await modelOf(depth);
    await truncated.setWeights((name) => Promise.resolve(weights.get(name)!.values));
    deepEqual(layers[depth - 1], await truncated.forwardFeatures(PIXELS, SHAPE), `${depth} blocks`);
  }
  const some = await model.getIntermediateLayers(PIXELS, SHAPE, { n: [0, 2] });
  deepEqual(some, [layers[0], layers[2]]);
  const [last] = await model.getIntermediateLayers(PIXELS, SHAPE);
  deepEqual(last, layers[2], "one block unless told otherwise");
});

Deno.test("getIntermediateLayers() leaves out the final norm, if asked to", async () => {
  using model = await deepModel();
  const weights = await model.weights();
  const [gamma, beta] = ["norm.weight", "norm.bias"].map((name) => weights.get(name)!.values);
  const normed = await model.getIntermediateLayers(PIXELS, SHAPE, { n: [1] });
  const raw = await model.getIntermediateLayers(PIXELS, SHAPE, { n: [1], norm: false });
  for (const part of ["clsToken", "regTokens", "patchTokens"] as const) {
    assertAllClose(normed[0][part], layerNormReference(raw[0][part], gamma, beta), undefined, part);
  }
});

Deno.test("getIntermediateLayers() gives patch tokens as maps, or leaves them where they are", async () => {
  using model = await deepModel();
  const [plain] = await model.getIntermediateLayers(PIXELS, SHAPE);
  const [maps] = await model.getIntermediateLayers(PIXELS, SHAPE, { reshape: true });
  deepEqual(maps.clsToken, plain.clsToken);
  const [rows, columns] = plain.grid;
  const [image, channel, row, column] = [1, 5, 1, 2];
  equal(
    maps.patchTokens[((image * DIM + channel) * rows + row) * columns + column],
    plain.patchTokens[((image * rows + row) * columns + column) * DIM + channel],
  );
  deepEqual([...maps.patchTokens].sort(), [...plain.patchTokens].sort());
  const [few] = await model.getIntermediateLayers(PIXELS, SHAPE, { patches: false });
  deepEqual(few, { ...plain, patchTokens: new Float32Array() });
  const [first, last] = await model.getIntermediateLayers(PIXELS, SHAPE, { n: 2, patches: "last" });
  deepEqual([first.patchTokens, last.patchTokens], [new Float32Array(), plain.patchTokens]);
});

Deno.test("getIntermediateLayers() says which blocks there are", async () => {
  using model = await modelOf(3);
  const wanted = "must be how many of the last 3 blocks, or ascending places from 0 to 2, got ";
  for (
    const [n, got] of [
      [0, "0"],
      [4, "4"],
      [1.5, "1.5"],
      [[], "[]"],
      [[2, 0], "[2, 0]"],
      [[3], "[3]"],
      [[-1], "[-1]"],
    ] as const
  ) {
    await rejects(
      model.getIntermediateLayers(PIXELS, SHAPE, { n }),
      new ConfigError([{ key: "n", message: wanted + got }]),
    );
  }
});
