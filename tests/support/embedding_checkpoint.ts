import { createModel } from "../../src/inference/model.ts";
import { bytesOf, writeSafetensors } from "../../src/safetensors_file.ts";
import { randomArray } from "./arrays.ts";

/** Width of a token; its file does not say that it has 2 heads. */
export const DIM = 64;
export const EMBED_DIM = 10;
/** The layer on top of the teacher. */
export const EMBED = {
  weight: randomArray(EMBED_DIM * DIM, { seed: 5 }),
  bias: randomArray(EMBED_DIM, { seed: 6 }),
};

/** A file with a checkpoint's names: networks with a layer on top; the student's is zeros. */
export async function embeddingCheckpoint(
  folder: string,
  embedShape = [EMBED_DIM, DIM],
  depth = 1,
): Promise<string> {
  using made = await createModel("dinov2/vittest", { model_args: { depth }, seed: 2 });
  const path = `${folder}/last.safetensors`;
  const sources = [...await made.weights()].flatMap(([name, { shape, values }]) =>
    ["student", "teacher"].map((network) => source(`${network}.backbone.${name}`, shape, values))
  );
  const zeros = { weight: EMBED.weight.map(() => 0), bias: EMBED.bias.map(() => 0) };
  for (const [network, { weight, bias }] of [["student", zeros], ["teacher", EMBED]] as const) {
    sources.push(source(`${network}.embed.weight`, embedShape, weight));
    sources.push(source(`${network}.embed.bias`, [EMBED_DIM], bias));
  }
  await writeSafetensors(path, sources);
  return path;
}

function source(name: string, shape: readonly number[], values: Float32Array) {
  return { name, shape, dtype: "F32" as const, data: () => bytesOf(values) };
}
