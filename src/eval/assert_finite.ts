import type { Features } from "../inference/forward_pass.ts";
import { CheckpointError } from "../safetensors.ts";

/**
 * Refuses features with which anything would be nearest to anything.
 *
 * @param names Of the images, in the order of their features.
 * @throws {CheckpointError} Names the first image whose features are not finite.
 */
export function assertFinite(
  { clsToken, regTokens, patchTokens }: Features,
  names: readonly string[],
): void {
  for (const tokens of [clsToken, regTokens, patchTokens]) {
    const at = tokens.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    const name = names[Math.floor(at / (tokens.length / names.length))];
    throw new CheckpointError(
      `Cannot use features: they must be finite, got ${tokens[at]} for ${name}; the weights are ` +
        "damaged, or overflow",
    );
  }
}
