import { randomStream } from "../random.ts";

/** The order in which an epoch goes through the images: each place in the data set once. */
export function epochOrder(seed: number, epoch: number, images: number): Uint32Array {
  return randomStream(seed, "image order", epoch).permutation(images);
}
