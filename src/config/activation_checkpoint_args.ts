import { z } from "../deps/zod.ts";

/** Activations that are computed twice instead of kept: less memory for more time. */
export const ActivationCheckpointArgs = z.strictObject({
  enabled: z.boolean().default(false)
    .describe("Keep only the inputs of some blocks and compute the rest again going backward"),
  every_n_blocks: z.int().min(1).default(1)
    .describe("Blocks from one kept input to the next"),
});

/** Activations that are computed twice instead of kept. */
export type ActivationCheckpointArgs = z.infer<typeof ActivationCheckpointArgs>;
