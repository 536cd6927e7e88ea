import { z } from "../deps/zod.ts";

/** Formats that weights are written in. */
export const EXPORT_FORMATS = ["safetensors", "torch_state_dict", "hf", "timm"] as const;

/** Options of `exportWeights` and of the command `export`. */
export const ExportOptions = z.strictObject({
  checkpoint: z.string().min(1).describe(
    "Run folder, checkpoint, export, a file of others, or a model with published weights",
  ),
  out: z.string().min(1).describe("File to write, or folder for hf and timm"),
  format: z.enum(EXPORT_FORMATS).describe("How names and file are"),
  which: z.enum(["teacher", "student"]).default("teacher").describe("Network of a checkpoint"),
  num_heads: z.int().min(1).nullable().default(null)
    .describe("Attention heads of a file of others, where they are not 64 wide"),
  overwrite: z.boolean().default(false).describe("Replace what is there"),
});

/** Checked options of `exportWeights`. */
export type ExportOptions = z.output<typeof ExportOptions>;

/** What `exportWeights` takes. */
export type ExportInput = z.input<typeof ExportOptions>;
