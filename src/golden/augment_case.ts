import { JITTER_OPS, type JitterOp } from "../views/color_jitter.ts";
import { decodeImage } from "../images/decode.ts";
import type { ViewParams } from "../views/draw_view.ts";
import { blurKernelSize } from "../views/gaussian_blur.ts";
import type { Raster } from "../images/raster.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { GoldenCase } from "./case.ts";
import type { Comparison } from "./comparison.ts";
import type { PixelDifference } from "./pixel_difference.ts";
import { PIXEL_TOLERANCES } from "./pixel_tolerances.ts";
import { AS_PIXELS, unchangedView } from "./unchanged_view.ts";
import { type ViewRenderer, viewRenderers } from "./view_renderers.ts";

/** One recorded change of an image. */
interface RecordedOp {
  id: string;
  op: Exclude<keyof typeof PIXEL_TOLERANCES, "shrink" | "enlarge" | "decode"> | "crop_resize";
  // deno-lint-ignore no-explicit-any -- parameters differ from change to change
  params: any;
  /** Names of tensors, `[height, width, 3]`. */
  input: string;
  output: string;
}

/** Compares each recorded change of an image, by all that make views, and decoded photographs. */
export async function replayAugment(
  gpu: Gpu,
  golden: GoldenCase,
  comparison: Comparison,
): Promise<void> {
  for (const { index } of golden.json.photos ?? []) await replayPhoto(golden, index, comparison);
  const ops: RecordedOp[] = golden.json.ops;
  for (const renderer of viewRenderers(gpu)) {
    for (const op of ops) await replayOp(golden, op, comparison, renderer);
  }
}

async function replayPhoto(golden: GoldenCase, index: number, comparison: Comparison) {
  const jpeg = Uint8Array.from(golden.i32(`photo${index}.jpeg`));
  const { pixels } = await decodeImage(jpeg);
  const expected = golden.i32(`photo${index}.rgb`);
  const name = `${golden.name}.decode.photo${index}`;
  comparison.checkPixels(name, pixels, expected, PIXEL_TOLERANCES.decode);
}

async function replayOp(
  golden: GoldenCase,
  recorded: RecordedOp,
  comparison: Comparison,
  { name, render, slack }: ViewRenderer,
): Promise<void> {
  const { id, input, output } = recorded;
  const image = imageOf(golden, input);
  const params = paramsOf(recorded, image);
  const planes = await render(image, params);
  const inLevels = params.normalize === AS_PIXELS;
  const expected = inLevels ? golden.i32(output) : golden.f32(output);
  const plane = params.width * params.height;
  const actual = Float64Array.from({ length: planes.length }, (_, i) => {
    const value = planes[(i % 3) * plane + Math.floor(i / 3)];
    return inLevels ? Math.round(value) : value;
  });
  const kind = kindOf(recorded);
  const granted: PixelDifference = PIXEL_TOLERANCES[kind];
  const allowed = inLevels ? sumOf(granted, slack) : granted;
  comparison.checkPixels(`${golden.name}.${name}.${id} ${kind}`, actual, expected, allowed);
}

function sumOf(a: PixelDifference, b: PixelDifference): PixelDifference {
  return { mean: a.mean + b.mean, quantile: a.quantile + b.quantile, max: a.max + b.max };
}

function imageOf(golden: GoldenCase, tensor: string): Raster {
  const [height, width] = golden.shape(tensor);
  return { width, height, channels: 3, pixels: Uint8Array.from(golden.i32(tensor)) };
}

/** What its tolerance goes by: a crop that enlarges in one direction interpolates in both. */
function kindOf({ op, params }: RecordedOp): keyof typeof PIXEL_TOLERANCES {
  if (op !== "crop_resize") return op;
  return params.kind === "enlarges in at least one direction" ? "enlarge" : "shrink";
}

/** The choices that make of the whole image what was recorded. */
function paramsOf({ op, params }: RecordedOp, image: Raster): ViewParams {
  const whole = unchangedView(image);
  switch (op) {
    case "crop_resize":
      return { ...whole, box: params, width: params.width, height: params.height };
    case "horizontal_flip":
      return { ...whole, flipHorizontal: true };
    case "vertical_flip":
      return { ...whole, flipVertical: true };
    case "rotate":
      return { ...whole, rotation: params.degrees };
    case "brightness":
    case "contrast":
    case "saturation":
    case "hue":
      return { ...whole, jitter: oneJitter(op, params.factor) };
    case "gray":
      return { ...whole, gray: true };
    case "gaussian_blur":
      return { ...whole, blur: blurOf(params.sigma) };
    case "solarize":
      return { ...whole, solarizeThreshold: params.threshold };
    case "normalize":
      return { ...whole, normalize: params };
    case "chain":
      return {
        ...whole,
        flipHorizontal: params.horizontal_flip,
        jitter: { ...params, order: params.jitter_order },
        gray: params.gray,
        blur: params.blur_sigma ? blurOf(params.blur_sigma) : null,
        solarizeThreshold: params.solarize ? 0.5 : null,
        normalize: params,
      };
  }
}

function oneJitter(op: JitterOp, factor: number): ViewParams["jitter"] {
  const unchanged = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };
  return { ...unchanged, order: JITTER_OPS.filter((each) => each === op), [op]: factor };
}

function blurOf(sigma: number): ViewParams["blur"] {
  return { sigma, kernelSize: blurKernelSize(sigma) };
}
