import { deepEqual, throws } from "node:assert/strict";
import { expandBraceRanges } from "../../src/images/brace_ranges.ts";
import { DataError } from "../../src/images/errors.ts";

Deno.test("expandBraceRanges() writes numbers as shells do", () => {
  const cases: [path: string, ...expected: string[]][] = [
    ["a.tar", "a.tar"],
    ["{a..c}{1,2}{1.2}{3..}", "{a..c}{1,2}{1.2}{3..}"],
    ["a-{8..11}.tar", "a-8.tar", "a-9.tar", "a-10.tar", "a-11.tar"],
    ["a-{08..10}.tar", "a-08.tar", "a-09.tar", "a-10.tar"],
    ["{9..010}", "009", "010"],
    ["{0..2}", "0", "1", "2"],
    ["{2..1}", "1", "2"],
    ["{4..4}", "4"],
    ["{1..2}/{08..09}.tar", "1/08.tar", "1/09.tar", "2/08.tar", "2/09.tar"],
  ];
  for (const [path, ...expected] of cases) deepEqual(expandBraceRanges(path), expected);
});

Deno.test("expandBraceRanges() refuses numbers that no set has", () => {
  throws(
    () => expandBraceRanges("{1..1001}/{000..999}.tar"),
    new DataError(
      "Cannot find images: ranges must stand for at most 1000000 files, got 1001000 in " +
        '"{1..1001}/{000..999}.tar"; check the numbers',
    ),
  );
});
