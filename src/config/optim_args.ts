import { z } from "../deps/zod.ts";

const beta = () => z.number().min(0).lt(1);

/** Settings of AdamW. */
export const OptimArgs = z.strictObject({
  lr: z.number().positive().default(0.004)
    .describe("Learning rate at method_args.reference_batch_size, before scaling"),
  betas: z.tuple([beta(), beta()]).default([0.9, 0.999])
    .describe("Decay rates of the first and second moment"),
  eps: z.number().positive().default(1e-8)
    .describe("Added to the root of the second moment"),
  weight_decay: z.number().min(0).default(0.04)
    .describe("Decoupled weight decay at the first step"),
});

/** Settings of AdamW. */
export type OptimArgs = z.infer<typeof OptimArgs>;
