import type { ModelConfig } from "../config/model_config.ts";
import type { TransformArgs } from "../config/transform_args.ts";

/** An architecture that timm has by name, in patches of 14 and as wide as four times its tokens. */
interface Architecture {
  name: string;
  embedDim: number;
  depth: number;
  numHeads: number;
  ffnLayer: ModelConfig["ffnLayer"];
}

const PATCH_SIZE = 14;
const MLP_RATIO = 4;
const REGISTERS = 4;
const INIT_VALUES = 1e-5;

const SMALL: Architecture = architecture("small", 384, 12, 6);
const GIANT: Architecture = architecture("giant", 1536, 40, 24, "swiglufused");
const ARCHITECTURES = [
  SMALL,
  architecture("base", 768, 12, 12),
  architecture("large", 1024, 24, 16),
  GIANT,
];

function architecture(
  name: string,
  embedDim: number,
  depth: number,
  numHeads: number,
  ffnLayer: ModelConfig["ffnLayer"] = "mlp",
): Architecture {
  return { name, embedDim, depth, numHeads, ffnLayer };
}

/**
 * What timm's `create_model(architecture, **model_args)` is told to build the same backbone, in the
 * form of its own `config.json`: `model_args` hold what differs from the architecture of that name.
 *
 * @param numClasses Width of the layer on top, which is a classifier there; 0 for none.
 */
export function timmConfig(
  model: ModelConfig,
  views: Pick<TransformArgs, "normalize">,
  numClasses = 0,
): Record<string, unknown> {
  const base = nearest(model);
  const registers = model.numRegisterTokens > 0 ? `reg${REGISTERS}_` : "";
  return {
    architecture: `vit_${base.name}_patch${PATCH_SIZE}_${registers}dinov2`,
    num_classes: numClasses,
    num_features: model.embedDim,
    global_pool: "token",
    model_args: { img_size: model.imgSize, ...differences(model, base) },
    pretrained_cfg: {
      input_size: [model.inChans, model.imgSize, model.imgSize],
      fixed_input_size: true,
      interpolation: "bicubic",
      crop_pct: 1,
      crop_mode: "center",
      mean: views.normalize.mean,
      std: views.normalize.std,
      num_classes: numClasses,
      first_conv: "patch_embed.proj",
      classifier: "head",
    },
  };
}

/** The architecture of the same size, or any with the same feed-forward layers. */
function nearest(model: ModelConfig): Architecture {
  return ARCHITECTURES.find(({ embedDim, depth, numHeads, ffnLayer }) =>
    embedDim === model.embedDim && depth === model.depth && numHeads === model.numHeads &&
    ffnLayer === model.ffnLayer
  ) ?? (model.ffnLayer === "mlp" ? SMALL : GIANT);
}

/** What of the model is not so in timm's architecture, under the names of its constructor. */
function differences(model: ModelConfig, base: Architecture): Record<string, unknown> {
  const { numRegisterTokens, ffnLayer, embedDim } = model;
  const mlpRatio = ffnLayer === "mlp" ? model.mlpRatio : packedRatio(model);
  const all: [name: string, value: unknown, usual: unknown][] = [
    ["patch_size", model.patchSize, PATCH_SIZE],
    ["in_chans", model.inChans, 3],
    ["embed_dim", embedDim, base.embedDim],
    ["depth", model.depth, base.depth],
    ["num_heads", model.numHeads, base.numHeads],
    ["mlp_ratio", mlpRatio, ffnLayer === "mlp" ? MLP_RATIO : 16 / 3],
    ["reg_tokens", numRegisterTokens, numRegisterTokens > 0 ? REGISTERS : 0],
    ["init_values", model.layerScaleInit, INIT_VALUES],
  ];
  return Object.fromEntries(
    all.filter(([, value, usual]) => value !== usual).map(([name, value]) => [name, value]),
  );
}

/** timm's SwiGLU counts both halves of its first layer, `floor(embed_dim * mlp_ratio)` wide. */
function packedRatio({ ffnHidden, embedDim }: ModelConfig): number {
  const ratio = 2 * ffnHidden / embedDim;
  return Math.floor(embedDim * ratio) === 2 * ffnHidden ? ratio : (2 * ffnHidden + 0.5) / embedDim;
}
