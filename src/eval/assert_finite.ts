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
  for (const tokens of [clsToken, regTokens, patchTokens]) assertAllFinite(tokens, names);
}

/** The same for values of any kind, as many for each image. */
export function assertAllFinite(values: Float32Array, names: readonly string[]): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const name = names[Math.floor(at / (values.length / names.length))];
  throw new CheckpointError(
    `Cannot use features: they must be finite, got ${values[at]} for ${name}; the weights are ` +
      "damaged, or overflow",
  );
}
