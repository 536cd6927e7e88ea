import { arrayNames, readArray } from "./array_files.ts";

/** How far results may be apart, as a share of the largest number of an array. */
export const TOLERANCES: Record<Numbers, number> = { fp32: 1e-4, tf32: 1e-2, bf16: 5e-2 };

/** What a peer computes in. */
export type Numbers = "fp32" | "tf32" | "bf16";

/** The array that differs most from ours. */
export interface Difference {
  name: string;
  /** Largest difference of two elements, over the largest element of ours. */
  relative: number;
}

/**
 * Compares what a peer wrote with what we wrote.
 *
 * @throws {Error} If an array is missing, has another length, or is further apart than `tolerance`.
 */
export async function compareFolders(
  theirs: string,
  ours: string,
  tolerance: number,
): Promise<Difference> {
  const worst: Difference = { name: "", relative: 0 };
  const [names, theirNames] = [await arrayNames(ours), await arrayNames(theirs)];
  for (const name of names) {
    if (!theirNames.includes(name)) throw new Error(`gave no ${name}`);
    const relative = difference(await readArray(theirs, name), await readArray(ours, name), name);
    if (!(relative <= tolerance)) {
      throw new Error(
        `its ${name} differs by ${relative.toExponential(1)}, more than ${tolerance}`,
      );
    }
    if (relative >= worst.relative) Object.assign(worst, { name, relative });
  }
  return worst;
}

/** Largest difference of two arrays, over the largest element of the second. */
export function difference(actual: Float32Array, expected: Float32Array, name: string): number {
  if (actual.length !== expected.length) {
    throw new Error(`its ${name} has ${actual.length} elements, ours ${expected.length}`);
  }
  let [largest, apart] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const gap = Math.abs(actual[i] - expected[i]);
    if (!(gap <= apart)) apart = gap; // a NaN stays
  }
  return apart === 0 ? 0 : apart / largest;
}
