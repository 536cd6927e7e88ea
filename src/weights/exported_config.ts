import type { ModelConfig } from "../config/model_config.ts";
import type { TransformArgs } from "../config/transform_args.ts";
import { timmConfig } from "./timm_config.ts";

/** What there is to say of an exported backbone beside its tensors. */
export interface ExportedConfigOptions {
  model: ModelConfig;
  /** How the views were made that it was trained on. */
  views: TransformArgs;
  /** Optimizer steps done. */
  step: number;
  /** Version of this project. */
  version: string;
}

/**
 * The `config.json` beside an exported backbone: at its top the fields of transformers'
 * `Dinov2Config` or `Dinov2WithRegistersConfig`, under `timm` what timm's `create_model` is told,
 * under `denodino` what neither of them has a word for.
 */
export function exportedConfig(options: ExportedConfigOptions): Record<string, unknown> {
  const { model, views } = options;
  return {
    ...transformersConfig(model),
    timm: timmConfig(model, views),
    denodino: denodinoConfig(options),
  };
}

/** The fields of transformers' `Dinov2Config` or `Dinov2WithRegistersConfig`. */
export function transformersConfig(model: ModelConfig): Record<string, unknown> {
  const { numRegisterTokens, layerScaleInit } = model;
  const registers = numRegisterTokens > 0;
  return {
    architectures: [registers ? "Dinov2WithRegistersModel" : "Dinov2Model"],
    model_type: registers ? "dinov2_with_registers" : "dinov2",
    hidden_size: model.embedDim,
    num_hidden_layers: model.depth,
    num_attention_heads: model.numHeads,
    mlp_ratio: model.mlpRatio,
    hidden_act: "gelu",
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.02,
    layer_norm_eps: model.layerNormEps,
    image_size: model.imgSize,
    patch_size: model.patchSize,
    num_channels: model.inChans,
    qkv_bias: true,
    // Without layer scale it is 1 everywhere, as it is where nothing is said. JSON cannot tell 1.0
    // from the integer 1, which is refused; it is but a start value, so whole ones are left out.
    ...(Number.isInteger(layerScaleInit ?? 1) ? {} : { layerscale_value: layerScaleInit }),
    drop_path_rate: model.dropPathRate,
    use_swiglu_ffn: model.ffnLayer === "swiglufused",
    ...(registers ? { num_register_tokens: numRegisterTokens } : {}),
    torch_dtype: "float32",
  };
}

function denodinoConfig({ model, views, step, version }: ExportedConfigOptions) {
  return {
    format: "denodino-backbone/1",
    version,
    step,
    model: model.name,
    // transformers and timm know neither: they resample positions their own way.
    interpolate_offset: model.interpolateOffset,
    interpolate_antialias: model.interpolateAntialias,
    layer_scale: model.layerScaleInit !== null,
    normalize: views.normalize,
    image_size: views.image_size,
    transform_args: views,
  };
}
