import { viewSize } from "../config/transform_args.ts";
import { z } from "../deps/zod.ts";

/** Formats that weights are written in. */
export const EXPORT_FORMATS = ["safetensors", "torch_state_dict", "hf", "timm", "onnx"] as const;

/** What `onnx` alone is told, where nothing is said. */
const ONNX_DEFAULTS = {
  image_size: null,
  batch_size: "dynamic",
  opset: 17,
  external_data: false,
} as const;

/** Options of `exportWeights` and of the command `export`. */
export const ExportOptions = z.strictObject({
  checkpoint: z.string().min(1).describe(
    "Run folder, checkpoint, export, a file of others, or a model with published weights",
  ),
  out: z.string().min(1).describe("File to write, or folder for hf and timm"),
  format: z.enum(EXPORT_FORMATS).describe("How names and file are"),
  part: z.enum(["model", "embedding_model"]).default("model")
    .describe("The backbone, or what makes embeddings: with the layer of embed_dim, if it has one"),
  which: z.enum(["teacher", "student"]).default("teacher").describe("Network of a checkpoint"),
  num_heads: z.int().min(1).nullable().default(null)
    .describe("Attention heads of a file of others, where they are not 64 wide"),
  image_size: viewSize().nullable().default(ONNX_DEFAULTS.image_size)
    .describe("For onnx: height and width in pixels; null for those of the run"),
  batch_size: z.union([z.literal("dynamic"), z.int().min(1)], {
    error: 'must be a whole number of at least 1, or "dynamic"',
  }).default(ONNX_DEFAULTS.batch_size).describe("For onnx: images at once; dynamic for any number"),
  opset: z.literal([17, 20]).default(ONNX_DEFAULTS.opset)
    .describe("For onnx: version of the operators; 20 has GELU as one"),
  external_data: z.boolean().default(ONNX_DEFAULTS.external_data)
    .describe("For onnx: weights in a file of their own, as those of models past 2 GiB always are"),
  overwrite: z.boolean().default(false).describe("Replace what is there"),
}).superRefine((options, { addIssue }) => {
  if (options.format === "onnx") return;
  for (const [key, usual] of Object.entries(ONNX_DEFAULTS)) {
    if (options[key as keyof typeof ONNX_DEFAULTS] === usual) continue;
    const message = `must be left out for format=${options.format}, being for onnx`;
    addIssue({ code: "custom", path: [key], message });
  }
});

/** Checked options of `exportWeights`. */
export type ExportOptions = z.output<typeof ExportOptions>;

/** What `exportWeights` takes. */
export type ExportInput = z.input<typeof ExportOptions>;
