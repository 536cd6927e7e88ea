import { createModel, type Model } from "../../src/inference/model.ts";
import { randomArray } from "./arrays.ts";

/** A small model of some depth, with registers, as it starts. */
export async function modelOf(depth: number): Promise<Model> {
  return await createModel("dinov2/vittest", { model_args: { depth, num_register_tokens: 2 } });
}

/** Three blocks whose every weight is random, so that blocks and norm do something. */
export async function deepModel(): Promise<Model> {
  const model = await modelOf(3);
  const weights = [...await model.weights()];
  const random = new Map(weights.map(([name, { values }], seed) => {
    const mean = /norm\d?\.weight$/.test(name) ? 1 : 0;
    return [name, randomArray(values.length, { seed, mean, scale: 0.2 })];
  }));
  await model.setWeights((name) => Promise.resolve(random.get(name)!));
  return model;
}
