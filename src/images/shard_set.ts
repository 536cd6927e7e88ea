import { IMAGE_EXTENSIONS } from "./file_kinds.ts";
import type { ImageProblem, ImageSet } from "./image_set.ts";
import { indexTar, type TarIndex } from "./tar_index.ts";

/** Shards that are indexed at once: enough for a disk that is far away. */
const AT_ONCE = 8;

/** A tar file and what is in it. */
export interface Shard {
  /** What the names of its images begin with. */
  name: string;
  path: string;
  index: TarIndex;
}

/** Indexes tar files, several at once; the shards come in the order of the names. */
export async function openShards(
  names: readonly string[],
  pathOf: (name: string) => string,
): Promise<Shard[]> {
  const shards: Shard[] = Array(names.length);
  let next = 0;
  const work = async () => {
    while (next < names.length) {
      const i = next++;
      const path = pathOf(names[i]);
      shards[i] = { name: names[i], path, index: await indexTar(path) };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return shards;
}

/** What is wrong with shards, one without images included. */
function problemsOf(shards: readonly Shard[]): ImageProblem[] {
  return shards.flatMap(({ name, index: { names, problem } }) => {
    if (problem !== undefined) return [{ name, message: problem }];
    if (names.length > 0) return [];
    const message = `Cannot use shard: it must hold files that end in ` +
      `${IMAGE_EXTENSIONS.join(", ")}, got none; leave it out of data`;
    return [{ name, message }];
  });
}

/**
 * The set of some files and of all images of some shards.
 *
 * A name that a shard has twice counts once, and the later entry is its image: as if unpacked.
 *
 * @param files Names of files.
 */
export function imageSetOf(
  files: readonly string[],
  shards: readonly Shard[],
  pathOf: (name: string) => string,
): ImageSet {
  const names = files.slice(); // those of the shards follow
  const count = shards.reduce((sum, { index }) => sum + index.names.length, 0);
  const [shardOf, offsets] = [new Uint32Array(count), new Float64Array(count)];
  const lengths = new Float64Array(count); // a damaged one may be larger than 32 bits hold
  shards.forEach(({ name, index }, shard) => {
    const start = names.length - files.length;
    shardOf.fill(shard, start, start + index.names.length);
    offsets.set(index.offsets, start);
    lengths.set(index.lengths, start);
    for (const inner of index.names) names.push(`${name}/${inner}`);
  });
  const paths = shards.map(({ path }) => path);
  const order = sortedOnce(names);
  const sorted = Array.from(order, (at) => names[at]);
  return {
    names: sorted,
    problems: problemsOf(shards),
    location(index) {
      const at = order[index] - files.length;
      if (at < 0) return { path: pathOf(sorted[index]) };
      return { path: paths[shardOf[at]], offset: offsets[at], length: lengths[at] };
    },
  };
}

/** Indices in the order of the names, of equal ones the last. */
function sortedOnce(names: readonly string[]): Uint32Array {
  const order = Array.from(names, (_, at) => at)
    .sort((a, b) => byCodeUnit(names[a], names[b]) || a - b);
  return Uint32Array.from(order.filter((at, i) => names[at] !== names[order[i + 1]]));
}

/** Compares as JavaScript sorts. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
