import { deepEqual, equal } from "node:assert/strict";
import { ModelArgs } from "../../src/config/model_args.ts";
import { ffnHiddenDim } from "../../src/config/model_config.ts";
import { MODEL_NAMES, resolveModel } from "../../src/config/model_presets.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { exportedConfig } from "../../src/weights/exported_config.ts";

/** The exported configuration of a model, as a program reads it from the file. */
function configOf(
  name: string,
  args: ModelArgs = {},
  transform_args: TrainOptions["transform_args"] = {},
  // deno-lint-ignore no-explicit-any -- as JSON.parse gives it
): Record<string, any> {
  const config = resolveConfig({
    out: "o",
    data: "d",
    model: name,
    model_args: args,
    transform_args,
  });
  const model = resolveModel(config.model, config.model_args);
  const views = config.transform_args;
  return JSON.parse(JSON.stringify(exportedConfig({ model, views, step: 7, version: "1.2.3" })));
}

/** Fields of transformers' Dinov2Config, in version 4 and 5, that decide the network. */
const NETWORK = {
  hidden_act: "gelu",
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.02,
  layer_norm_eps: 1e-6,
  num_channels: 3,
  qkv_bias: true,
  mlp_ratio: 4,
  layerscale_value: 1e-5,
  torch_dtype: "float32",
};

Deno.test("config.json of the published sizes is that of the published models", async (t) => {
  const sizes = [
    ["vits14", "small", 384, 12, 6],
    ["vitb14", "base", 768, 12, 12],
    ["vitl14", "large", 1024, 24, 16],
    ["vitg14", "giant", 1536, 40, 24],
  ] as const;
  for (const [preset, size, hidden_size, num_hidden_layers, num_attention_heads] of sizes) {
    await t.step(preset, () => {
      const network = {
        ...NETWORK,
        hidden_size,
        num_hidden_layers,
        num_attention_heads,
        image_size: 518,
        patch_size: 14,
        drop_path_rate: 0.3,
        use_swiglu_ffn: size === "giant",
      };
      const { timm, denodino: _ours, ...withRegisters } = configOf(
        `dinov2/${preset}-notpretrained`,
      );
      deepEqual(withRegisters, {
        ...network,
        architectures: ["Dinov2WithRegistersModel"],
        model_type: "dinov2_with_registers",
        num_register_tokens: 4,
      });
      equal(timm.architecture, `vit_${size}_patch14_reg4_dinov2`);
      deepEqual(timm.model_args, { img_size: 518 }); // else as timm has it

      const plain = configOf(`dinov2/${preset}-noreg-notpretrained`);
      const { timm: plainTimm, denodino: _again, ...without } = plain;
      deepEqual(without, { ...network, architectures: ["Dinov2Model"], model_type: "dinov2" });
      equal(plainTimm.architecture, `vit_${size}_patch14_dinov2`);
      deepEqual(plainTimm.model_args, { img_size: 518 });
    });
  }
});

Deno.test("config.json of any preset follows its model", async (t) => {
  for (const name of MODEL_NAMES) {
    await t.step(name, () => {
      const model = resolveModel(name);
      const { timm, ...top } = configOf(name);
      equal(top.hidden_size, model.embedDim);
      equal(top.num_hidden_layers, model.depth);
      equal(top.num_attention_heads, model.numHeads);
      equal(top.patch_size, model.patchSize);
      equal(top.image_size, model.imgSize);
      equal(top.num_register_tokens ?? 0, model.numRegisterTokens);
      equal(top.denodino.model, name);
      // What transformers makes of mlp_ratio is as wide as our layers.
      const kind = top.use_swiglu_ffn ? "swiglufused" : "mlp";
      equal(ffnHiddenDim(top.hidden_size, top.mlp_ratio, kind), model.ffnHidden);
      deepEqual(timmSizes(timm), {
        patch_size: model.patchSize,
        embed_dim: model.embedDim,
        depth: model.depth,
        num_heads: model.numHeads,
        reg_tokens: model.numRegisterTokens,
        img_size: model.imgSize,
      });
    });
  }
});

const TIMM: Record<string, Record<string, number>> = {
  small: { embed_dim: 384, depth: 12, num_heads: 6 },
  base: { embed_dim: 768, depth: 12, num_heads: 12 },
  large: { embed_dim: 1024, depth: 24, num_heads: 16 },
  giant: { embed_dim: 1536, depth: 40, num_heads: 24 },
};

/** The sizes that timm would build: those of the architecture, overridden by model_args. */
function timmSizes(
  { architecture, model_args }: { architecture: string; model_args: Record<string, number> },
): Record<string, number> {
  const [, size, registers] = /^vit_(\w+)_patch14(_reg4)?_dinov2$/.exec(architecture)!;
  const own = { patch_size: 14, reg_tokens: registers ? 4 : 0, ...TIMM[size] };
  return { ...own, ...model_args };
}

Deno.test("config.json follows what a model is reshaped to", () => {
  const config = configOf("dinov2/vitti14", {
    patch_size: 16,
    mlp_ratio: 3,
    ffn_layer: "swiglufused",
    num_register_tokens: 2,
    init_values: null,
    in_chans: 1,
    drop_path_rate: 0,
  });
  equal("layerscale_value" in config, false); // which is 1 then, and changes nothing
  equal(config.denodino.layer_scale, false);
  deepEqual([config.num_channels, config.num_register_tokens, config.drop_path_rate], [1, 2, 0]);
  equal(config.timm.architecture, "vit_giant_patch14_reg4_dinov2"); // the one with SwiGLU
  const { mlp_ratio, ...others } = config.timm.model_args;
  equal(Math.floor(192 * mlp_ratio), 2 * ffnHiddenDim(192, 3, "swiglufused"));
  deepEqual(others, {
    img_size: 224,
    patch_size: 16,
    in_chans: 1,
    embed_dim: 192,
    depth: 12,
    num_heads: 3,
    reg_tokens: 2,
    init_values: null,
  });
});

Deno.test("config.json tells how views were normalized, to each in its own words", () => {
  const mean = [0.1, 0.2, 0.3], std = [0.4, 0.5, 0.6];
  const { timm, denodino } = configOf("dinov2/vittest", {}, {
    image_size: 64,
    normalize: { mean, std },
  });
  deepEqual([timm.pretrained_cfg.mean, timm.pretrained_cfg.std], [mean, std]);
  deepEqual(timm.pretrained_cfg.input_size, [3, 32, 32]); // that of the stored positions
  deepEqual(denodino.normalize, { mean, std });
  deepEqual(denodino.image_size, [64, 64]);
  deepEqual([denodino.step, denodino.version], [7, "1.2.3"]);
});
