import { DataError } from "./errors.ts";

/** More files than any set has: what goes past it is a slip in a number. */
const MAX_FILES = 1_000_000;

/** Such as `{000..146}`, the notation of WebDataset and of shells. */
const RANGE = /\{(\d+)\.\.(\d+)\}/;

/**
 * The paths that one with ranges stands for: `a-{08..10}.tar` is `a-08.tar`, `a-09.tar` and
 * `a-10.tar`.
 *
 * As in shells, all numbers get as many digits as the longer bound if one begins with 0, and
 * several ranges give every combination.
 *
 * @returns The path alone if it has no range.
 * @throws {DataError} If there would be more than a million.
 */
export function expandBraceRanges(path: string): string[] {
  const range = RANGE.exec(path);
  if (range === null) return [path];
  refuseMany(path);
  const [whole, from, to] = range;
  const isPadded = [from, to].some((bound) => bound.length > 1 && bound.startsWith("0"));
  const digits = isPadded ? Math.max(from.length, to.length) : 0;
  const first = Math.min(Number(from), Number(to));
  const head = path.slice(0, range.index);
  const tails = expandBraceRanges(path.slice(range.index + whole.length));
  return Array.from({ length: countOf(from, to) }, (_, i) => String(first + i))
    .flatMap((number) => tails.map((tail) => head + number.padStart(digits, "0") + tail));
}

function countOf(from: string, to: string): number {
  return Math.abs(Number(to) - Number(from)) + 1;
}

function refuseMany(path: string): void {
  const ranges = [...path.matchAll(new RegExp(RANGE, "g"))];
  const count = ranges.reduce((product, [, from, to]) => product * countOf(from, to), 1);
  if (count <= MAX_FILES) return;
  throw new DataError(
    `Cannot find images: ranges must stand for at most ${MAX_FILES} files, got ${count} in ` +
      `${JSON.stringify(path)}; check the numbers`,
  );
}
