import type { ModelConfig } from "../../src/config/model_config.ts";
import { resolveModel } from "../../src/config/model_presets.ts";
import { formulaParameter } from "../../src/golden/formula.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { Block } from "../../src/layers/block.ts";
import { type Parameter, ParameterSet } from "../../src/layers/parameter.ts";
import type { Arrays } from "./work.ts";

/** What a peer needs to know of the block. */
export interface BlockSettings {
  batch: number;
  tokens: number;
  embedDim: number;
  numHeads: number;
  ffnHidden: number;
  layerNormEps: number;
}

/** A block of ViT-Ti's width. */
export function blockModel(): ModelConfig {
  return resolveModel("dinov2/vittest", { embed_dim: 192, num_heads: 3, init_values: 0.1 });
}

export function blockSettings(batch: number, tokens: number): BlockSettings {
  const { embedDim, numHeads, ffnHidden, layerNormEps } = blockModel();
  return { batch, tokens, embedDim, numHeads, ffnHidden, layerNormEps };
}

/** Start values of the parameters of one block, by their names in it: `attn.qkv.weight`. */
export function blockParameters(_: BlockSettings): Arrays {
  const set = new ParameterSet();
  new Block(set, 0, blockModel());
  return startValues(set.parameters, 1, (name) => name.replace("blocks.0.", ""));
}

/** Values that make every gradient matter, unlike those that training starts from. */
export function startValues(
  parameters: readonly Parameter[],
  firstStream: number,
  rename: (name: string) => string,
): Arrays {
  return Object.fromEntries(parameters.map(({ name, shape }, index) => {
    const data = formulaParameter(name, elementCount(shape), firstStream + index, 0.1);
    return [rename(name), { shape, data }];
  }));
}
