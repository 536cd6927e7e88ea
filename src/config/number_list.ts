import { z } from "../deps/zod.ts";

/**
 * Numbers as `20`, `[10,20]`, or as text `10,20`; at least one.
 *
 * @param isRight Whether a number may be one of them.
 * @param what What they must be, with an example.
 */
export function numberList(isRight: (value: number) => boolean, what: string) {
  return z.union([z.number(), z.array(z.number()), z.string()])
    .transform((value, { issues }) => {
      const numbers = typeof value === "string" ? value.split(",").map(Number) : [value].flat();
      if (numbers.length > 0 && numbers.every(isRight)) return numbers;
      issues.push({ code: "custom", message: `must be ${what}`, input: value });
      return z.NEVER;
    });
}
