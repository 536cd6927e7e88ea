import type { RandomStream } from "../random.ts";
import { type ColorJitter, colorJitter, JITTER_OPS, toGray } from "./color_jitter.ts";
import { type CropBox, cropResize } from "./crop_resize.ts";
import { flipHorizontal, flipVertical } from "./flip.ts";
import { blurKernelSize, gaussianBlur } from "./gaussian_blur.ts";
import { normalize } from "./normalize.ts";
import type { Raster } from "./raster.ts";
import { solarize } from "./solarize.ts";

/** Area of the crop as a share of the image. */
export interface RandomResizeArgs {
  min_scale: number;
  max_scale: number;
}

export interface RandomFlipArgs {
  horizontal_prob: number;
  vertical_prob: number;
}

/** Reach of each change, before it is multiplied by `strength`. */
export interface ColorJitterArgs {
  prob: number;
  strength: number;
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number;
}

/** `blur_limit` bounds the kernel size; 0 derives it from sigma. */
export interface GaussianBlurArgs {
  prob: number;
  sigmas: [lo: number, hi: number];
  blur_limit: number | [lo: number, hi: number];
}

/** `threshold` is a share of full brightness. */
export interface SolarizeArgs {
  prob: number;
  threshold: number;
}

/** What one view is made with; `null` turns a change off. */
export interface ViewSpec {
  size: [height: number, width: number];
  random_resize: RandomResizeArgs | null;
  random_flip: RandomFlipArgs | null;
  color_jitter: ColorJitterArgs | null;
  random_gray_scale: number | null; // probability
  gaussian_blur: GaussianBlurArgs | null;
  solarize: SolarizeArgs | null;
  normalize: { mean: number[]; std: number[] };
}

/** The augmentation options of all views, under LightlyTrain's names; sizes are [height, width]. */
export interface TransformArgs extends Omit<ViewSpec, "size"> {
  image_size: [height: number, width: number];
  global_view_1: Pick<ViewSpec, "gaussian_blur" | "solarize">;
  local_view:
    | Pick<ViewSpec, "random_resize" | "gaussian_blur"> & {
      num_views: number;
      view_size: [height: number, width: number];
    }
    | null;
}

/** The reference's recipe for DINOv2: two views of 224 pixels, eight of 98. */
export const DEFAULT_TRANSFORM_ARGS: TransformArgs = {
  image_size: [224, 224],
  random_resize: { min_scale: 0.32, max_scale: 1 },
  random_flip: { horizontal_prob: 0.5, vertical_prob: 0 },
  color_jitter: {
    prob: 0.8,
    strength: 0.5,
    brightness: 0.8,
    contrast: 0.8,
    saturation: 0.4,
    hue: 0.2,
  },
  random_gray_scale: 0.2,
  gaussian_blur: { prob: 1, sigmas: [0.1, 2], blur_limit: 0 },
  solarize: null,
  normalize: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  global_view_1: {
    gaussian_blur: { prob: 0.1, sigmas: [0.1, 2], blur_limit: 0 },
    solarize: { prob: 0.2, threshold: 0.5 },
  },
  local_view: {
    num_views: 8,
    view_size: [98, 98],
    random_resize: { min_scale: 0.05, max_scale: 0.32 },
    gaussian_blur: { prob: 0.5, sigmas: [0.1, 2], blur_limit: 0 },
  },
};

/** Everything that is random about one view; `null` leaves a change out. */
export interface ViewParams {
  box: CropBox;
  width: number;
  height: number;
  flipHorizontal: boolean;
  flipVertical: boolean;
  jitter: ColorJitter | null;
  gray: boolean;
  blur: { sigma: number; kernelSize: number } | null;
  solarizeThreshold: number | null; // share of full brightness
  normalize: { mean: number[]; std: number[] };
}

const ASPECT_RATIOS = [3 / 4, 4 / 3];
const CROP_TRIES = 10;

/**
 * The views of one image: two global ones, then the local ones.
 *
 * `global_view_1` and `local_view` replace what they name; the rest they share with view 0.
 */
export function viewSpecs(
  args: TransformArgs,
): { globals: [ViewSpec, ViewSpec]; locals: ViewSpec[] } {
  const { global_view_1, local_view, image_size, ...shared } = args;
  const first: ViewSpec = { ...shared, size: image_size };
  const second: ViewSpec = { ...first, ...global_view_1 };
  if (local_view === null) return { globals: [first, second], locals: [] };
  const { num_views, view_size, ...changes } = local_view;
  const local: ViewSpec = { ...first, ...changes, size: view_size };
  return { globals: [first, second], locals: Array.from({ length: num_views }, () => local) };
}

/**
 * Draws the random choices of one view.
 *
 * @param imageSize Size of the image in pixels.
 */
export function drawViewParams(
  stream: RandomStream,
  imageSize: { width: number; height: number },
  spec: ViewSpec,
): ViewParams {
  const { random_flip: flip, color_jitter, gaussian_blur, solarize } = spec;
  const [height, width] = spec.size;
  return {
    box: drawBox(stream, imageSize, spec.random_resize),
    width,
    height,
    flipHorizontal: flip !== null && stream.bool(flip.horizontal_prob),
    flipVertical: flip !== null && stream.bool(flip.vertical_prob),
    jitter: color_jitter !== null && stream.bool(color_jitter.prob)
      ? drawJitter(stream, color_jitter)
      : null,
    gray: spec.random_gray_scale !== null && stream.bool(spec.random_gray_scale),
    blur: gaussian_blur !== null && stream.bool(gaussian_blur.prob)
      ? drawBlur(stream, gaussian_blur)
      : null,
    solarizeThreshold: solarize !== null && stream.bool(solarize.prob) ? solarize.threshold : null,
    normalize: spec.normalize,
  };
}

/** A box of random area and aspect ratio; if no try fits, the largest in the middle that does. */
function drawBox(
  stream: RandomStream,
  { width, height }: { width: number; height: number },
  resize: RandomResizeArgs | null,
): CropBox {
  if (resize === null) return { x0: 0, y0: 0, x1: width, y1: height };
  const [narrowest, widest] = ASPECT_RATIOS;
  for (let attempt = 0; attempt < CROP_TRIES; attempt++) {
    const area = width * height * stream.range(resize.min_scale, resize.max_scale);
    const aspect = Math.exp(stream.range(Math.log(narrowest), Math.log(widest)));
    const boxWidth = Math.round(Math.sqrt(area * aspect));
    const boxHeight = Math.round(Math.sqrt(area / aspect));
    if (boxWidth < 1 || boxHeight < 1 || boxWidth > width || boxHeight > height) continue;
    const x0 = stream.int(width - boxWidth + 1);
    const y0 = stream.int(height - boxHeight + 1);
    return { x0, y0, x1: x0 + boxWidth, y1: y0 + boxHeight };
  }
  const boxWidth = Math.max(1, Math.min(width, Math.round(height * widest)));
  const boxHeight = Math.max(1, Math.min(height, Math.round(width / narrowest)));
  const [x0, y0] = [(width - boxWidth) >> 1, (height - boxHeight) >> 1];
  return { x0, y0, x1: x0 + boxWidth, y1: y0 + boxHeight };
}

function drawJitter(stream: RandomStream, args: ColorJitterArgs): ColorJitter {
  const factor = (share: number) => {
    const reach = args.strength * share;
    return stream.range(Math.max(0, 1 - reach), 1 + reach);
  };
  const turn = Math.min(0.5, args.strength * args.hue);
  return {
    order: stream.shuffle([...JITTER_OPS]),
    brightness: factor(args.brightness),
    contrast: factor(args.contrast),
    saturation: factor(args.saturation),
    hue: stream.range(-turn, turn),
  };
}

function drawBlur(stream: RandomStream, { sigmas, blur_limit }: GaussianBlurArgs) {
  const sigma = stream.range(sigmas[0], sigmas[1]);
  const [least, most] = typeof blur_limit === "number" ? [0, blur_limit] : blur_limit;
  const size = least + stream.int(most - least + 1);
  return { sigma, kernelSize: size === 0 ? blurKernelSize(sigma) : size | 1 };
}

/**
 * Renders one view of an image, in the order crop, flip, jitter, grey, blur, solarize, normalize.
 *
 * Every change before the last works on 8-bit pixels, as the reference's do.
 *
 * @param out Where the view goes, `[3, height, width]`.
 */
export function renderView(image: Raster, params: ViewParams, out: Float32Array): void {
  const view = cropResize(image, params.box, params);
  if (params.flipHorizontal) flipHorizontal(view);
  if (params.flipVertical) flipVertical(view);
  if (params.jitter) colorJitter(view, params.jitter);
  if (params.gray) toGray(view);
  if (params.blur) gaussianBlur(view, params.blur.sigma, params.blur.kernelSize);
  if (params.solarizeThreshold !== null) solarize(view, params.solarizeThreshold);
  normalize(view, params.normalize, out);
}
