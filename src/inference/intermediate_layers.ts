import { ConfigError } from "../config/config_error.ts";
import type { Features } from "./forward_pass.ts";

/** What `getIntermediateLayers` may be told; the defaults are those of DINOv2. */
export interface LayerOptions {
  /** How many of the last blocks, or the places of some, ascending from 0; 1 if left out. */
  n?: number | readonly number[];
  /** Whether tokens go through the final norm, as they do unless this is false. */
  norm?: boolean;
  /** True gives `patchTokens` as maps, `[images, embedDim, rows, columns]`. */
  reshape?: boolean;
  /** False leaves patch tokens on the GPU, for who needs none; "last" gives those of the last block. */
  patches?: boolean | "last";
}

/**
 * The places of the blocks that are asked for.
 *
 * @throws {ConfigError} If there are no such blocks, or they do not ascend.
 */
export function blockIndices(n: number | readonly number[], depth: number): number[] {
  const blocks = typeof n === "number"
    ? Array.from({ length: Math.min(n, depth + 1) }, (_, i) => depth - n + i)
    : [...n];
  const fits = blocks.every((block, i) =>
    Number.isInteger(block) && block > (blocks[i - 1] ?? -1) && block < depth
  );
  if (blocks.length > 0 && fits) return blocks;
  const message = `must be how many of the last ${depth} blocks, or ascending places from 0 to ` +
    `${depth - 1}, got ${typeof n === "number" ? n : `[${n.join(", ")}]`}`;
  throw new ConfigError([{ key: "n", message }]);
}

/** The same, but for patch tokens as maps: `[B, N, D]` → `[B, D, rows, columns]`. */
export function withPatchMaps(features: Features, embedDim: number): Features {
  const { patchTokens, grid } = features;
  const patches = grid[0] * grid[1];
  const maps = new Float32Array(patchTokens.length);
  for (let at = 0; at < patchTokens.length; at++) {
    const [token, channel] = [Math.floor(at / embedDim), at % embedDim];
    const image = Math.floor(token / patches);
    maps[(image * embedDim + channel) * patches + token % patches] = patchTokens[at];
  }
  return { ...features, patchTokens: maps };
}
