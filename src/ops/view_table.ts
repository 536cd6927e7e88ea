import { packParams } from "../gpu/recorder.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";

/** The views of one size that a batch of images gets. */
export interface ViewGroup {
  /** A record for each view, `[V·B, words]`, written by the host; view 0 of all images first. */
  table: Tensor;
  /** Which pixels each column and row is made of, `[V·B, width + height, 5]`. */
  taps: Tensor;
  /** B. */
  images: number;
  /** V, views of an image. */
  views: number;
  size: readonly [height: number, width: number];
  /** Of a loaded image, 1 to 4. */
  channels: number;
  /** Of a view; fewer where channels are dropped. */
  kept: number;
}

/**
 * The `Params` of all kernels of views.
 *
 * @throws {ShapeError} If the tables do not fit the group.
 */
export function viewParams(op: string, group: ViewGroup): ArrayBuffer {
  const { images, views, size: [height, width], channels, kept } = group;
  const [, words] = expectShape(op, "table", group.table, [views * images, "words"]);
  expectShape(op, "taps", group.taps, [views * images, width + height, 5]);
  const numbers = [images, views, width, height, words, channels, kept];
  return packParams(...numbers.map((value) => ["u32", value] as const));
}

/** Pixels of all views of a group. */
export function pixelCount({ images, views, size: [height, width] }: ViewGroup): number {
  return images * views * height * width;
}

/** The shape of packed pixels, a word each. */
export function pixelShape({ images, views, size: [height, width] }: ViewGroup): number[] {
  return [images * views, height * width];
}
