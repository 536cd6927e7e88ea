import type { Features } from "../inference/forward_pass.ts";

/** What an image is summed up by: class token, mean of the patch tokens, or one after the other. */
export const TOKEN_CHOICES = ["cls", "mean", "cls+mean"] as const;

/** One of {@linkcode TOKEN_CHOICES}. */
export type TokenChoice = typeof TOKEN_CHOICES[number];

/** Width of the vectors of {@linkcode imageVectors}. */
export function vectorWidth(tokens: TokenChoice, embedDim: number): number {
  return tokens === "cls+mean" ? 2 * embedDim : embedDim;
}

/**
 * One vector for each image.
 *
 * @returns `[images, vectorWidth]`.
 */
export function imageVectors(
  { clsToken, patchTokens, grid }: Features,
  tokens: TokenChoice,
  embedDim: number,
): Float32Array<ArrayBuffer> {
  const images = clsToken.length / embedDim;
  const width = vectorWidth(tokens, embedDim);
  const out = new Float32Array(images * width);
  const patches = grid[0] * grid[1];
  for (let image = 0; image < images; image++) {
    const cls = clsToken.subarray(image * embedDim, (image + 1) * embedDim);
    if (tokens !== "mean") out.set(cls, image * width);
    if (tokens === "cls") continue;
    const into = out.subarray((image + 1) * width - embedDim, (image + 1) * width);
    const first = image * patches * embedDim;
    meanOfRows(patchTokens.subarray(first, first + patches * embedDim), into);
  }
  return out;
}

function meanOfRows(rows: Float32Array, out: Float32Array): void {
  const count = rows.length / out.length;
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += rows[row * out.length + i];
    out[i] = sum / count;
  }
}
