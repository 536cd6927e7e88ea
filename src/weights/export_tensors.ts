import type { ModelConfig } from "../config/model_config.ts";
import type { BackboneWeights } from "./backbone_weights.ts";
import type { WeightSource } from "./weight_source.ts";

/** A tensor as others want it; its numbers are made when its turn comes. */
export interface ExportTensor {
  name: string;
  shape: readonly number[];
  values: () => Promise<Float32Array<ArrayBuffer>>;
}

/** Rules from our names, which are the official ones, to others'; the first that fits holds. */
type Renaming = readonly [RegExp, string][];

const HUGGING_FACE: Renaming = [
  [/^pos_embed$/, "embeddings.position_embeddings"],
  [/^(cls_token|mask_token|register_tokens)$/, "embeddings.$1"],
  [/^patch_embed\.proj\./, "embeddings.patch_embeddings.projection."],
  [/^blocks\.(\d+)\.attn\.proj\./, "encoder.layer.$1.attention.output.dense."],
  [/^blocks\.(\d+)\.ls([12])\.gamma$/, "encoder.layer.$1.layer_scale$2.lambda1"],
  [/^blocks\.(\d+)\.mlp\.w12\./, "encoder.layer.$1.mlp.weights_in."],
  [/^blocks\.(\d+)\.mlp\.w3\./, "encoder.layer.$1.mlp.weights_out."],
  [/^blocks\.(\d+)\./, "encoder.layer.$1."],
  [/^norm\./, "layernorm."],
];

const TIMM: Renaming = [
  [/^register_tokens$/, "reg_token"],
  [/^(blocks\.\d+\.mlp\.)w12\./, "$1fc1."],
  [/^(blocks\.\d+\.mlp\.)w3\./, "$1fc2."],
  [/^embed\./, "head."],
];

/** All tensors under their official names. */
export function officialTensors(source: WeightSource): ExportTensor[] {
  return tensorsOf(source, source.shapes);
}

/** The linear layer on top, `embed.weight` and `embed.bias`; none if there is none. */
export function embedTensors(source: BackboneWeights): ExportTensor[] {
  return tensorsOf(source, source.embedShapes);
}

function tensorsOf(source: WeightSource, shapes: WeightSource["shapes"]): ExportTensor[] {
  return [...shapes].map(([name, shape]) => ({ name, shape, values: () => source.f32(name) }));
}

/**
 * As transformers' `Dinov2Model` and `Dinov2WithRegistersModel` have them: query, key and value
 * stand apart, and a model without layer scale has one of ones.
 */
export function huggingFaceTensors(source: WeightSource, model: ModelConfig): ExportTensor[] {
  const tensors = officialTensors(source).flatMap((tensor) => {
    const attention = /^blocks\.(\d+)\.attn\.qkv\.(weight|bias)$/.exec(tensor.name);
    if (attention === null) return [renamed(tensor, HUGGING_FACE)];
    const [, block, kind] = attention;
    return ["query", "key", "value"].map((part, i) => ({
      ...third(tensor, i),
      name: `encoder.layer.${block}.attention.attention.${part}.${kind}`,
    }));
  });
  if (model.layerScaleInit !== null) return tensors;
  const scales = Array.from({ length: 2 * model.depth }, (_, i): ExportTensor => ({
    name: `encoder.layer.${i >> 1}.layer_scale${1 + (i & 1)}.lambda1`,
    shape: [model.embedDim],
    values: () => Promise.resolve(new Float32Array(model.embedDim).fill(1)),
  }));
  return [...tensors, ...scales];
}

/**
 * As timm's `vit_*_patch14_dinov2` have them: without a mask token; with registers, the class
 * token's position is added to it, for they keep none.
 *
 * @param embed The layer on top, which timm calls the head; empty for none.
 */
export function timmTensors(
  source: WeightSource,
  model: ModelConfig,
  embed: readonly ExportTensor[] = [],
): ExportTensor[] {
  const joined = model.numRegisterTokens > 0;
  return [...officialTensors(source), ...embed].filter(({ name }) => name !== "mask_token").map(
    (tensor) => {
      if (joined && tensor.name === "cls_token") return withPosition(tensor, source);
      if (joined && tensor.name === "pos_embed") return withoutFirst(tensor);
      return renamed(tensor, TIMM);
    },
  );
}

function renamed(tensor: ExportTensor, rules: Renaming): ExportTensor {
  const rule = rules.find(([pattern]) => pattern.test(tensor.name));
  return rule === undefined ? tensor : { ...tensor, name: tensor.name.replace(...rule) };
}

/** One of three parts along the first axis. */
function third(tensor: ExportTensor, part: number): ExportTensor {
  const [rows, ...rest] = tensor.shape;
  return {
    ...tensor,
    shape: [rows / 3, ...rest],
    values: async () => {
      const all = await tensor.values();
      return all.slice(part * all.length / 3, (part + 1) * all.length / 3);
    },
  };
}

function withPosition(tensor: ExportTensor, source: WeightSource): ExportTensor {
  return {
    ...tensor,
    values: async () => {
      const positions = await source.f32("pos_embed");
      return (await tensor.values()).map((value, i) => value + positions[i]);
    },
  };
}

/** Positions of the patches alone. */
function withoutFirst(tensor: ExportTensor): ExportTensor {
  const [one, count, width] = tensor.shape;
  return {
    ...tensor,
    shape: [one, count - 1, width],
    values: async () => (await tensor.values()).slice(width),
  };
}
