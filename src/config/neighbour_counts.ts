import { numberList } from "./number_list.ts";

/** Most neighbours that are looked for. */
const MAX_NEIGHBOURS = 10_000;

/** Numbers of neighbours, as `20`, `[10,20]`, or as text `10,20`. */
export const neighbourCounts = numberList(
  (k) => Number.isInteger(k) && k >= 1 && k <= MAX_NEIGHBOURS,
  `whole numbers from 1 to ${MAX_NEIGHBOURS}, such as 20 or 10,20`,
);
