/** Sizes of one patch embedding. */
export interface PatchEmbedSizes {
  crops: number;
  channels: number;
  height: number;
  width: number;
  dim: number;
  patchSize: number;
}

/**
 * Calls `visit` for each product of the embedding: `y[out] += images[pixel] * weight[tap]`.
 * Forward and backward differ only in which of the three they add to.
 */
function eachProduct(
  { crops, channels, height, width, dim, patchSize: p }: PatchEmbedSizes,
  visit: (out: number, pixel: number, tap: number) => void,
): void {
  const [gridRows, gridCols] = [height / p, width / p];
  for (let crop = 0; crop < crops; crop++) {
    for (let patch = 0; patch < gridRows * gridCols; patch++) {
      const [top, left] = [Math.floor(patch / gridCols) * p, (patch % gridCols) * p];
      for (let d = 0; d < dim; d++) {
        const out = (crop * gridRows * gridCols + patch) * dim + d;
        for (let c = 0; c < channels; c++) {
          for (let row = 0; row < p; row++) {
            for (let col = 0; col < p; col++) {
              const pixel = ((crop * channels + c) * height + top + row) * width + left + col;
              visit(out, pixel, ((d * channels + c) * p + row) * p + col);
            }
          }
        }
      }
    }
  }
}

/** Patch embedding in float64: `[crops · patches, dim]`. */
export function patchEmbedReference(
  images: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  sizes: PatchEmbedSizes,
): Float64Array {
  const { crops, height, width, dim, patchSize } = sizes;
  const rows = crops * (height / patchSize) * (width / patchSize);
  const y = Float64Array.from({ length: rows * dim }, (_, i) => bias[i % dim]);
  eachProduct(sizes, (out, pixel, tap) => y[out] += images[pixel] * weight[tap]);
  return y;
}

/** Gradients of weight and bias in float64. */
export function patchEmbedBackwardReference(
  dy: ArrayLike<number>,
  images: ArrayLike<number>,
  sizes: PatchEmbedSizes,
): { weight: Float64Array; bias: Float64Array } {
  const { channels, dim, patchSize } = sizes;
  const weight = new Float64Array(dim * channels * patchSize ** 2);
  const bias = new Float64Array(dim);
  eachProduct(sizes, (out, pixel, tap) => weight[tap] += images[pixel] * dy[out]);
  for (let i = 0; i < dy.length; i++) bias[i % dim] += dy[i];
  return { weight, bias };
}
