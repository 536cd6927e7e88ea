import type { RandomStream } from "../random.ts";
import { type ColorJitter, JITTER_OPS } from "./color_jitter.ts";
import type { CropBox } from "./crop_resize.ts";
import { blurKernelSize } from "./gaussian_blur.ts";
import {
  type ColorJitterArgs,
  type GaussianBlurArgs,
  hasColors,
  type RandomResizeArgs,
  type ViewSpec,
} from "./view_spec.ts";

/** Everything that is random about one view; `null` leaves a change out. */
export interface ViewParams {
  keep: number[]; // channels of the image that the view has, ascending
  box: CropBox;
  width: number;
  height: number;
  flipHorizontal: boolean;
  flipVertical: boolean;
  rotation: number | null; // degrees, counter-clockwise
  jitter: ColorJitter | null;
  gray: boolean;
  blur: { sigma: number; kernelSize: number } | null;
  solarizeThreshold: number | null; // share of full brightness
  normalize: { mean: number[]; std: number[] }; // for each channel of the image, kept or not
}

const ASPECT_RATIOS = [3 / 4, 4 / 3];
const CROP_TRIES = 10;

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
  const { random_flip: flip, random_rotation: rotation, gaussian_blur } = spec;
  const colorful = hasColors(spec);
  const color_jitter = colorful ? spec.color_jitter : null;
  const random_gray_scale = colorful ? spec.random_gray_scale : null;
  const solarize = colorful ? spec.solarize : null;
  const [height, width] = spec.size;
  return {
    keep: drawKept(stream, spec),
    box: drawBox(stream, imageSize, spec.random_resize),
    width,
    height,
    flipHorizontal: flip !== null && stream.bool(flip.horizontal_prob),
    flipVertical: flip !== null && stream.bool(flip.vertical_prob),
    rotation: rotation !== null && stream.bool(rotation.prob)
      ? stream.range(-rotation.degrees, rotation.degrees)
      : null,
    jitter: color_jitter !== null && stream.bool(color_jitter.prob)
      ? drawJitter(stream, color_jitter)
      : null,
    gray: random_gray_scale !== null && stream.bool(random_gray_scale),
    blur: gaussian_blur !== null && stream.bool(gaussian_blur.prob)
      ? drawBlur(stream, gaussian_blur)
      : null,
    solarizeThreshold: solarize !== null && stream.bool(solarize.prob) ? solarize.threshold : null,
    normalize: spec.normalize,
  };
}

/** Drops channel after channel, each with a probability in proportion to its weight. */
function drawKept(stream: RandomStream, { num_channels, channel_drop }: ViewSpec): number[] {
  const kept = Array.from({ length: num_channels }, (_, channel) => channel);
  if (channel_drop === null) return kept;
  const { num_channels_keep, weight_drop } = channel_drop;
  while (kept.length > num_channels_keep) {
    const total = kept.reduce((sum, channel) => sum + weight_drop[channel], 0);
    let rest = stream.range(0, total);
    kept.splice(kept.findIndex((channel) => (rest -= weight_drop[channel]) < 0), 1);
  }
  return kept;
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
  const [boxWidth, boxHeight] = largestBox({ width, height });
  const [x0, y0] = [(width - boxWidth) >> 1, (height - boxHeight) >> 1];
  return { x0, y0, x1: x0 + boxWidth, y1: y0 + boxHeight };
}

/** Size of the largest box of an allowed shape. */
function largestBox({ width, height }: { width: number; height: number }): [number, number] {
  const [narrowest, widest] = ASPECT_RATIOS;
  return [
    Math.max(1, Math.min(width, Math.round(height * widest))),
    Math.max(1, Math.min(height, Math.round(width / narrowest))),
  ];
}

/** The least width and the least height that a drawn box can have. */
export function smallestBox(
  { width, height }: { width: number; height: number },
  resize: Pick<RandomResizeArgs, "min_scale"> | null,
): { width: number; height: number } {
  if (resize === null) return { width, height };
  const [narrowest, widest] = ASPECT_RATIOS;
  const [middleWidth, middleHeight] = largestBox({ width, height });
  const area = width * height * resize.min_scale;
  return {
    width: Math.min(middleWidth, Math.round(Math.sqrt(area * narrowest))),
    height: Math.min(middleHeight, Math.round(Math.sqrt(area / widest))),
  };
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
