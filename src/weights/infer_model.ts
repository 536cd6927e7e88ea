import { ffnHiddenDim, type ModelConfig } from "../config/model_config.ts";
import { CheckpointError } from "../safetensors.ts";

/** Width of an attention head in every DINOv2 model. */
const HEAD_DIM = 64;
/** Width of the feed-forward layers of every DINOv2 model, before gates take a third of it. */
const USUAL_RATIO = 4;

/**
 * The model that weights belong to, from their shapes alone; what shapes do not say is as in the
 * published models: heads of 64, and positions resampled as those with or without registers are.
 *
 * @param shapes By official name.
 * @param options `numHeads` where heads are not 64 wide.
 * @param path What errors call the file.
 * @throws {CheckpointError} If a weight that says something is not there.
 */
export function inferModel(
  shapes: ReadonlyMap<string, readonly number[]>,
  path: string,
  { numHeads }: { numHeads?: number } = {},
): ModelConfig {
  const shapeOf = (name: string, axes: number) => {
    const shape = shapes.get(name);
    if (shape?.length === axes) return shape;
    throw new CheckpointError(
      `Cannot load "${path}": it must hold a DINOv2 backbone, got ${
        shape ? `${name} of shape [${shape.join(", ")}]` : `no ${name}`
      }`,
    );
  };
  const [embedDim, inChans, patchSize] = shapeOf("patch_embed.proj.weight", 4);
  const positions = shapeOf("pos_embed", 3)[1] - 1;
  const blocks = [...shapes.keys()].map((name) => /^blocks\.(\d+)\./.exec(name)?.[1]);
  const depth = 1 + Math.max(-1, ...blocks.filter((block) => block !== undefined).map(Number));
  const isSwiglu = shapes.has("blocks.0.mlp.w12.weight");
  const ffnHidden = isSwiglu
    ? shapeOf("blocks.0.mlp.w3.weight", 2)[1]
    : shapeOf("blocks.0.mlp.fc1.weight", 2)[0];
  const registers = shapes.get("register_tokens")?.[1] ?? 0;
  return {
    name: path,
    imgSize: Math.round(Math.sqrt(positions)) * patchSize,
    patchSize,
    inChans,
    embedDim,
    depth,
    numHeads: numHeads ?? Math.max(1, Math.round(embedDim / HEAD_DIM)),
    mlpRatio: isSwiglu ? swigluRatio(embedDim, ffnHidden) : ffnHidden / embedDim,
    ffnLayer: isSwiglu ? "swiglufused" : "mlp",
    ffnHidden,
    numRegisterTokens: registers,
    layerScaleInit: shapes.has("blocks.0.ls1.gamma") ? 1 : null,
    dropPathRate: 0,
    dropPathUniform: true,
    interpolateOffset: registers > 0 ? 0 : 0.1,
    interpolateAntialias: registers > 0,
    layerNormEps: 1e-6,
  };
}

/** The ratio that makes gated layers so wide: of many, the published models' where it does. */
function swigluRatio(embedDim: number, ffnHidden: number): number {
  const isUsual = ffnHiddenDim(embedDim, USUAL_RATIO, "swiglufused") === ffnHidden;
  return isUsual ? USUAL_RATIO : 1.5 * ffnHidden / embedDim; // they have two thirds of the width
}
