import { z } from "../deps/zod.ts";

const ONE_DEVICE = "one GPU and one process train a run for now";

/** The adapters that may be asked for. */
export const ACCELERATORS = ["auto", "gpu", "cpu", "dawn"] as const;

/** The variants of kernels that may be asked for. */
export const KERNELS = ["auto", "gpu", "cpu"] as const;

/** When variants of kernels may be measured. */
const AUTOTUNE = ["off", "on", "force"] as const;

/** Number formats by Lightning's names. */
export const PRECISIONS = ["32-true", "16-mixed"] as const;

/** The number format of a run. */
export type Precision = typeof PRECISIONS[number];

/** What `precision` comes to. */
export function precisionOf({ precision }: { precision: Precision | "auto" }): Precision {
  return precision === "auto" ? "32-true" : precision;
}

/** What a run computes on, and in which numbers; spread into the schema of a whole run. */
export const deviceFields = {
  accelerator: z.enum(ACCELERATORS).default("auto")
    .describe(
      "Adapter to use: a hardware GPU, the software one, the best there is, or that of Dawn",
    ),
  kernels: z.enum(KERNELS).default("auto")
    .describe('Variants of the kernels: "gpu", "cpu" for software adapters, "auto" for what fits'),
  autotune: z.enum(AUTOTUNE).default("on").describe(
    'Fastest variants of the kernels: "on" measures them once for each GPU, "force" anew, "off" never',
  ),
  devices: z.union([z.literal("auto"), z.literal(1)], {
    error: `must be 1 or "auto", for ${ONE_DEVICE}`,
  }).default("auto").describe("GPUs of a run; one for now"),
  num_nodes: z.literal(1, { error: `must be 1, for ${ONE_DEVICE}` }).default(1)
    .describe("Machines of a run; one for now"),
  strategy: z.literal("auto", { error: `must be "auto", for ${ONE_DEVICE}` }).default("auto")
    .describe("How several GPUs share the work; nothing to choose for now"),
  precision: z.enum(["auto", ...PRECISIONS], {
    error: ({ input }) => precisionError(input),
  }).default("auto").describe(
    'Number format: "auto" is float32; "16-mixed" stores activations as float16, and scales losses',
  ),
};

function precisionError(input: unknown): string {
  const must = 'must be "auto", "32-true" or "16-mixed"';
  const text = String(input);
  if (text === "16-true") return `${must}, for weights in float16 alone do not train`;
  if (text.startsWith("bf16")) return `${must}, for WGSL, and so any GPU here, has no bfloat16`;
  if (text.startsWith("64")) return `${must}, for WGSL, and so any GPU here, has no float64`;
  return must;
}
