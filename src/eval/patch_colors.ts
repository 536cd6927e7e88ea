import type { Raster } from "../images/raster.ts";
import { principalComponents } from "./pca.ts";

/** Shares of the patches of the foreground that are as dark and as bright as there is. */
const [DARKEST, BRIGHTEST] = [0.02, 0.98];

/** What is not of the foreground. */
const BACKGROUND = 24;

/** A pixel for each patch of an image. */
export interface PatchPicture {
  colors: Raster;
  /** Share of the patches that belong to the foreground. */
  foreground: number;
}

/**
 * The first three principal components of patch tokens as red, green and blue, the same in all
 * images: patches of a like meaning have a like color.
 *
 * The first component of all patches tells the foreground: the side of its middle value which fewer
 * patches at the edges of images are on, from a `threshold` on. Components for the colors are those
 * of the foreground.
 *
 * @param tokens `[images, rows · columns, width]`.
 * @param options `foreground` false takes all patches for it; `threshold`, 0 to 1, is where it
 * begins in the range of the component.
 */
export function patchPictures(
  tokens: Float32Array,
  width: number,
  [rows, columns]: readonly [number, number],
  { foreground = true, threshold = 0.5 }: { foreground?: boolean; threshold?: number } = {},
): PatchPicture[] {
  const patches = rows * columns;
  const isForeground = foreground
    ? foregroundOf(tokens, width, [rows, columns], threshold)
    : new Uint8Array(tokens.length / width).fill(1);
  const colors = colorsOf(tokens, width, isForeground);
  return Array.from({ length: isForeground.length / patches }, (_, image) => {
    const part = <T extends Uint8Array>(all: T, each: number) =>
      all.slice(image * patches * each, (image + 1) * patches * each);
    const kept = part(isForeground, 1);
    return {
      colors: { width: columns, height: rows, channels: 3, pixels: part(colors, 3) },
      foreground: kept.reduce((sum, each) => sum + each, 0) / patches,
    };
  });
}

/** 1 for each patch of the foreground. */
function foregroundOf(
  tokens: Float32Array,
  width: number,
  [rows, columns]: readonly [number, number],
  threshold: number,
): Uint8Array {
  const { scores } = principalComponents(tokens, width, 1);
  const [least, most] = extremes(scores);
  const isEdge = (patch: number) => {
    const [row, column] = [Math.floor(patch / columns) % rows, patch % columns];
    return row === 0 || column === 0 || row === rows - 1 || column === columns - 1;
  };
  const atEdges = scores.filter((_, patch) => isEdge(patch));
  const middle = (least + most) / 2;
  const isUpper = atEdges.filter((score) => score > middle).length <= atEdges.length / 2;
  const depth = threshold * (most - least);
  return Uint8Array.from(
    scores,
    (score) => Number(isUpper ? score > least + depth : score <= most - depth),
  );
}

function extremes(scores: Float64Array): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const score of scores) [least, most] = [Math.min(least, score), Math.max(most, score)];
  return [least, most];
}

/** `[patches, 3]` */
function colorsOf(tokens: Float32Array, width: number, isForeground: Uint8Array): Uint8Array {
  const kept: number[] = [];
  isForeground.forEach((is, patch) => is === 1 && kept.push(patch));
  const colors = new Uint8Array(isForeground.length * 3).fill(BACKGROUND);
  if (kept.length === 0) return colors;
  const rows = new Float32Array(kept.length * width);
  kept.forEach((patch, at) =>
    rows.set(tokens.subarray(patch * width, (patch + 1) * width), at * width)
  );
  const { scores } = principalComponents(rows, width, Math.min(3, width));
  const components = Math.min(3, width);
  for (let c = 0; c < components; c++) {
    const values = kept.map((_, at) => scores[at * components + c]);
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
    const [low, high] = [at(DARKEST), at(BRIGHTEST)];
    kept.forEach((patch, i) => {
      const share = high > low ? (values[i] - low) / (high - low) : 0.5;
      colors[patch * 3 + c] = Math.round(255 * Math.min(1, Math.max(0, share)));
    });
  }
  return colors;
}
