import { type ColorJitter, hueShift, type JitterOp } from "./color_jitter.ts";
import { type Resampling, resamplingOf, type Taps } from "./crop_resize.ts";
import type { ViewParams } from "./draw_view.ts";
import { gaussianKernel } from "./gaussian_blur.ts";
import type { Raster } from "../images/raster.ts";
import { rotationCoefficients } from "./rotate.ts";
import type { ViewSpec } from "./view_spec.ts";

/** Places in the record of a view, in words: the constants of kernels/parts/view_table.wgsl. */
const WORD = {
  image: 0,
  rowBytes: 1,
  keep: 2,
  rounding: 3,
  factor: 4,
  flags: 5,
  rotation: 6,
  jitterOrder: 12,
  brightness: 13,
  contrast: 14,
  saturation: 15,
  hueTurn: 16,
  solarizeFrom: 17,
  blurRadius: 18,
  blurWeights: 19,
} as const;

const FLAG = { flipHorizontal: 1, flipVertical: 2, rotated: 4, gray: 8 } as const;

const JITTER_CODE: Record<JitterOp, number> = { brightness: 1, contrast: 2, saturation: 3, hue: 4 };

/** What stands for the first byte of its image in the record of a view that is to be left alone. */
export const NO_IMAGE = 0xffffffff;

/** Words of the taps of a column or row: first, count, first weight, middle ones, last. */
export const TAP_WORDS = 5;

/** Views of one size as kernels read them. */
export interface ViewRecords {
  table: Uint32Array; // [views, words]
  taps: Uint32Array; // [views, width + height, TAP_WORDS]
}

/** Words in the record of a view; those with a blur hold its weights too. */
export function recordWords(specs: readonly Pick<ViewSpec, "gaussian_blur">[]): number {
  const radii = specs.map(({ gaussian_blur }) => {
    if (gaussian_blur === null) return 0;
    const { sigmas, blur_limit } = gaussian_blur;
    const most = typeof blur_limit === "number" ? blur_limit : blur_limit[1];
    return Math.max(Math.floor(3.5 * sigmas[1]), (most | 1) >> 1);
  });
  return WORD.blurWeights + Math.max(0, ...radii) + 1;
}

/**
 * Writes what was drawn for the views of an image, all of one size, as kernels read it.
 *
 * The image is said to begin at byte 0; {@linkcode placeImage} says where it really does.
 */
export function viewRecords(
  image: Pick<Raster, "width" | "channels">,
  views: readonly ViewParams[],
  words: number,
): ViewRecords {
  if (views.length === 0) return { table: new Uint32Array(), taps: new Uint32Array() };
  const { width, height } = views[0];
  const tapWords = (width + height) * TAP_WORDS;
  const table = new Uint32Array(views.length * words);
  const taps = new Uint32Array(views.length * tapWords);
  views.forEach((params, view) => {
    const resampling = resamplingOf(params.box, params);
    writeRecord(image, params, resampling, table.subarray(view * words, (view + 1) * words));
    writeTaps(params, resampling, taps.subarray(view * tapWords, (view + 1) * tapWords));
  });
  return { table, taps };
}

/** Says where the image of the view with this record begins, in bytes; or that it is left alone. */
export function placeImage(table: Uint32Array, record: number, words: number, byte: number): void {
  table[record * words + WORD.image] = byte;
}

function writeRecord(
  { width, channels }: Pick<Raster, "width" | "channels">,
  params: ViewParams,
  { factor, rounding }: Resampling,
  record: Uint32Array,
): void {
  const floats = new Float32Array(record.buffer, record.byteOffset, record.length);
  record[WORD.rowBytes] = width * channels;
  record[WORD.keep] = params.keep.reduce((word, channel, i) => word | channel << (8 * i), 0);
  record[WORD.rounding] = rounding === "half up" ? 1 : 0;
  floats[WORD.factor] = factor;
  record[WORD.flags] = (params.flipHorizontal ? FLAG.flipHorizontal : 0) |
    (params.flipVertical ? FLAG.flipVertical : 0) |
    (params.rotation === null ? 0 : FLAG.rotated) |
    (params.gray ? FLAG.gray : 0);
  if (params.rotation !== null) {
    const coefficients = rotationCoefficients(params.rotation, params.width, params.height);
    record.set(new Uint32Array(coefficients.buffer), WORD.rotation);
  }
  if (params.jitter !== null) writeJitter(params.jitter, record, floats);
  const { solarizeThreshold, blur } = params;
  record[WORD.solarizeFrom] = solarizeThreshold === null ? 256 : Math.ceil(solarizeThreshold * 255);
  if (blur !== null && blur.kernelSize > 1 && blur.sigma > 0) {
    const radius = blur.kernelSize >> 1;
    record[WORD.blurRadius] = radius;
    floats.set(gaussianKernel(blur.sigma, radius), WORD.blurWeights);
  } else {
    floats[WORD.blurWeights] = 1;
  }
}

function writeJitter(jitter: ColorJitter, record: Uint32Array, floats: Float32Array): void {
  // A hue that is not turned is left out: 8-bit HSV would still round.
  const changes = jitter.order.filter((op) => op !== "hue" || jitter.hue !== 0);
  record[WORD.jitterOrder] = changes.reduce((word, op, i) => word | JITTER_CODE[op] << (4 * i), 0);
  floats[WORD.brightness] = jitter.brightness;
  floats[WORD.contrast] = jitter.contrast;
  floats[WORD.saturation] = jitter.saturation;
  record[WORD.hueTurn] = hueShift(jitter.hue);
}

/** The taps of all columns, then of all rows, counted from the corner of the image. */
function writeTaps(
  { box, width }: ViewParams,
  { columns, rows }: Resampling,
  words: Uint32Array,
): void {
  writeRuns(columns, box.x0, words.subarray(0, width * TAP_WORDS));
  writeRuns(rows, box.y0, words.subarray(width * TAP_WORDS));
}

function writeRuns({ first, count, weights, stride }: Taps, offset: number, words: Uint32Array) {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  for (let i = 0; i < first.length; i++) {
    const [to, from] = [i * TAP_WORDS, i * stride];
    words[to] = offset + first[i];
    words[to + 1] = count[i];
    floats[to + 2] = weights[from];
    floats[to + 3] = count[i] > 2 ? weights[from + 1] : 0;
    floats[to + 4] = weights[from + count[i] - 1];
  }
}
