import { z } from "../deps/zod.ts";
import { featureFields, text } from "./eval_options.ts";

const { tokens: _tokens, ...pictureFields } = featureFields;

/** Options of everything that draws what a model sees in images. */
export const sheetFields = {
  ...pictureFields,
  data: z.union([text, z.array(z.string().min(1)).min(1)])
    .describe("Folder of images, an image, or a list of both"),
  out: text.refine((path) => /\.(png|html)$/i.test(path), "must end in .png or .html")
    .describe("A picture (.png), or a page that holds all it shows (.html)"),
  images: z.int().min(1).max(64).default(8).describe("Images to show, spread over all there are"),
  overwrite: z.boolean().default(false).describe("Replace the file if it is there"),
};

/** Checked options of {@linkcode sheetFields}. */
export type SheetOptions = z.output<z.ZodObject<typeof sheetFields>>;

/** Options of `drawPca` and of the command `visualize pca`. */
export const PcaOptions = z.strictObject({
  ...sheetFields,
  foreground: z.boolean().default(true)
    .describe("Color the foreground alone, by the first component of all patches; false for all"),
  threshold: z.number().min(0).max(1).default(0.5)
    .describe("Where in the range of that component the foreground begins; more is less of it"),
});

/** Checked options of `drawPca`. */
export type PcaOptions = z.output<typeof PcaOptions>;

/** What `drawPca` takes. */
export type PcaInput = z.input<typeof PcaOptions>;

/** Options of `drawAttention` and of the command `visualize attention`. */
export const AttentionOptions = z.strictObject({
  ...sheetFields,
  block: z.int().min(0).nullable().default(null)
    .describe("Place of the block, from 0 as the names of weights count them; null for the last"),
});

/** Checked options of `drawAttention`. */
export type AttentionOptions = z.output<typeof AttentionOptions>;

/** What `drawAttention` takes. */
export type AttentionInput = z.input<typeof AttentionOptions>;

/** Options of `drawNeighbours` and of the command `visualize neighbours`. */
export const NeighbourOptions = z.strictObject({
  ...sheetFields,
  tokens: featureFields.tokens,
  queries: z.union([text, z.array(z.string().min(1)).min(1)]).nullable().default(null)
    .describe("Images to look for neighbours of; null for some of data itself"),
  k: z.int().min(1).max(12).default(6).describe("Neighbours of each image"),
});

/** Checked options of `drawNeighbours`. */
export type NeighbourOptions = z.output<typeof NeighbourOptions>;

/** What `drawNeighbours` takes. */
export type NeighbourInput = z.input<typeof NeighbourOptions>;
