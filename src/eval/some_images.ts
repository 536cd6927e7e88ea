import { imagesAt, type ImageSet } from "../images/image_set.ts";

/** Some images of a set, spread evenly over it, in its order. */
export function someImages(images: ImageSet, count: number): ImageSet {
  return imagesAt(images, spreadPlaces(images.names.length, count));
}

/** Places spread evenly over `total`, all of them if there are no more. */
export function spreadPlaces(total: number, count: number): number[] {
  const shown = Math.min(count, total);
  return Array.from({ length: shown }, (_, i) => Math.floor((i + 0.5) * total / shown));
}
