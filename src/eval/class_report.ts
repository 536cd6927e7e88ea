/** With more classes, who is taken for whom would be a table of more than a million numbers. */
const MOST_CONFUSED = 1000;

/** How well each class is recognized. */
export interface ClassReport {
  classes: readonly string[];
  /** Share of the images of each class that are recognized; NaN where there are none. */
  class_top1: number[];
  /** Images of each class. */
  class_images: number[];
  /** Images by class, a row each, and by guess; empty for more than 1,000 classes. */
  confusion: number[][];
}

/**
 * By class: the share that is recognized, and who is taken for whom, unless that is too large.
 *
 * @param truth The class of each image; images of classes that are not among `classes` are no one's.
 */
export function classReport(
  guesses: Uint32Array,
  truth: Uint32Array,
  classes: readonly string[],
): ClassReport {
  const counts = new Uint32Array(classes.length);
  const right = new Uint32Array(classes.length);
  const isSmall = classes.length <= MOST_CONFUSED;
  const confusion = Array.from(
    { length: isSmall ? classes.length : 0 },
    () => Array<number>(classes.length).fill(0),
  );
  truth.forEach((label, image) => {
    if (label >= classes.length) return;
    counts[label]++;
    if (guesses[image] === label) right[label]++;
    if (isSmall) confusion[label][guesses[image]]++;
  });
  const images = [...counts];
  return {
    classes,
    class_top1: images.map((all, i) => right[i] / all),
    class_images: images,
    confusion,
  };
}
