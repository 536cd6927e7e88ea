import { z } from "../deps/zod.ts";

/** Overrides of a model preset; what is left out keeps the preset's value. */
export const ModelArgs = z.strictObject({
  img_size: z.int().min(1).max(4096).optional()
    .describe("Image side, in pixels, that the stored position grid belongs to"),
  patch_size: z.int().min(1).max(1024).optional().describe("Side of a patch in pixels"),
  in_chans: z.int().min(1).max(4).optional()
    .describe("Channels of a view; as many as transform_args gives it"),
  embed_dim: z.int().min(1).max(16_384).optional().describe("Width of a token"),
  depth: z.int().min(1).max(1000).optional().describe("Transformer blocks"),
  num_heads: z.int().min(1).optional().describe("Attention heads of a block"),
  mlp_ratio: z.number().positive().max(64).optional()
    .describe("Hidden width of a block's MLP, in multiples of embed_dim"),
  ffn_layer: z.enum(["mlp", "swiglufused"]).optional().describe("Kind of feed-forward layer"),
  num_register_tokens: z.int().min(0).max(1024).optional()
    .describe("Extra tokens that take part in attention and mean nothing"),
  init_values: z.number().positive().nullable().optional()
    .describe("Start value of layer scale; null for a model without layer scale"),
  drop_path_rate: z.number().min(0).lt(1).optional()
    .describe("Probability that a residual branch is skipped for an image in training"),
  drop_path_uniform: z.boolean().optional()
    .describe("The same drop path rate in all blocks, instead of one that rises from 0"),
  interpolate_offset: z.number().min(0).optional()
    .describe("Added to the grid's size when positions are resampled; 0 for exact sizes"),
  interpolate_antialias: z.boolean().optional()
    .describe("Smooth positions before they are resampled to a smaller grid"),
});

/** Overrides of a model preset. */
export type ModelArgs = z.infer<typeof ModelArgs>;
