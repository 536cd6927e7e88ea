import type { ModelConfig } from "../config/model_config.ts";

/** The official names of all weights of a model. */
export function expectedNames(model: ModelConfig): string[] {
  const { depth, numRegisterTokens, ffnLayer, layerScaleInit } = model;
  const layers = ["norm1", "attn.qkv", "attn.proj", "norm2"];
  layers.push(...(ffnLayer === "mlp" ? ["mlp.fc1", "mlp.fc2"] : ["mlp.w12", "mlp.w3"]));
  const block = layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
  if (layerScaleInit !== null) block.push("ls1.gamma", "ls2.gamma");
  return [
    "cls_token",
    "mask_token",
    ...(numRegisterTokens > 0 ? ["register_tokens"] : []),
    "pos_embed",
    "patch_embed.proj.weight",
    "patch_embed.proj.bias",
    ...Array.from({ length: depth }, (_, i) => block.map((name) => `blocks.${i}.${name}`)).flat(),
    "norm.weight",
    "norm.bias",
  ];
}
