import { imagesAt, type ImageSet } from "../images/image_set.ts";

/** Some images of a set, spread evenly over it, in its order. */
export function someImages(images: ImageSet, count: number): ImageSet {
  const total = images.names.length;
  const shown = Math.min(count, total);
  const places = Array.from({ length: shown }, (_, i) => Math.floor((i + 0.5) * total / shown));
  return imagesAt(images, places);
}
