/** A vision transformer's shape and constants, with nothing left to decide. */
export interface ModelConfig {
  /** The preset as the user wrote it, such as `dinov2/vits14-notpretrained`. */
  name: string;
  /** Image side, in pixels, of the stored position grid; a multiple of `patchSize`. */
  imgSize: number;
  patchSize: number;
  inChans: number;
  embedDim: number;
  depth: number;
  numHeads: number;
  mlpRatio: number;
  ffnLayer: "mlp" | "swiglufused";
  /** Hidden width of the feed-forward layer, after SwiGLU's rounding. */
  ffnHidden: number;
  numRegisterTokens: number;
  /** Start value of layer scale; null: the model has none. */
  layerScaleInit: number | null;
  dropPathRate: number;
  /** The same rate in all blocks (true), or rising linearly from 0 to `dropPathRate`. */
  dropPathUniform: boolean;
  interpolateOffset: number;
  interpolateAntialias: boolean;
  layerNormEps: number;
}

/**
 * Hidden width of a feed-forward layer.
 *
 * SwiGLU has three matrices instead of two: two thirds of the width, rounded up to a multiple of 8.
 */
export function ffnHiddenDim(
  embedDim: number,
  mlpRatio: number,
  ffnLayer: ModelConfig["ffnLayer"],
) {
  const nominal = Math.floor(embedDim * mlpRatio);
  if (ffnLayer === "mlp") return nominal;
  return Math.floor((Math.floor(nominal * 2 / 3) + 7) / 8) * 8;
}
