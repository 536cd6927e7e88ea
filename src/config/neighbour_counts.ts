import { z } from "../deps/zod.ts";

/** Most neighbours that are looked for. */
const MAX_NEIGHBOURS = 10_000;

/** `20`, `[10,20]`, or as text `10,20`. */
export const neighbourCounts = z.union([z.number(), z.array(z.number()), z.string()])
  .transform((value, { issues }) => {
    const counts = typeof value === "string" ? value.split(",").map(Number) : [value].flat();
    const isCount = (k: number) => Number.isInteger(k) && k >= 1 && k <= MAX_NEIGHBOURS;
    if (counts.length > 0 && counts.every(isCount)) return counts;
    const message = `must be whole numbers from 1 to ${MAX_NEIGHBOURS}, such as 20 or 10,20`;
    issues.push({ code: "custom", message, input: value });
    return z.NEVER;
  });
