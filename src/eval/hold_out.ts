import { DataError } from "../images/errors.ts";
import { imagesAt } from "../images/image_set.ts";
import { randomStream } from "../random.ts";
import type { LabelledImages } from "./labelled_sets.ts";

/**
 * Divides labelled images in two: those to learn from, and those to choose by. Every class gives the
 * same share of its images, drawn by the seed, and keeps at least one.
 *
 * @throws {DataError} If no class has two images.
 */
export function holdOut(
  { images, labels }: LabelledImages,
  { share, seed }: { share: number; seed: number },
): { kept: LabelledImages; held: LabelledImages } {
  const byClass = new Map<number, number[]>();
  for (const [place, label] of labels.entries()) {
    const places = byClass.get(label);
    if (places === undefined) byClass.set(label, [place]);
    else places.push(place);
  }
  const held = new Set<number>();
  for (const [label, places] of byClass) {
    const count = Math.min(places.length - 1, Math.max(1, Math.round(share * places.length)));
    const drawn = randomStream(seed, "hold out", label).shuffle(places).slice(0, count);
    for (const place of drawn) held.add(place);
  }
  if (held.size === 0) {
    throw new DataError(
      "Cannot hold images out: a class of train must have at least 2 images, got 1 of each; give " +
        "val=DIR",
    );
  }
  const part = (isHeld: boolean): LabelledImages => {
    const places = Array.from(labels.keys()).filter((place) => held.has(place) === isHeld);
    const part = imagesAt(images, places);
    return {
      images: isHeld ? { ...part, problems: [] } : part, // told once
      labels: Uint32Array.from(places, (place) => labels[place]),
    };
  };
  return { kept: part(false), held: part(true) };
}
