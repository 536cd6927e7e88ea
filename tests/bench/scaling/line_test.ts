import { equal, throws } from "node:assert/strict";
import { fitLine, offLine } from "../../../bench/scaling/line.ts";
import { assertAllClose } from "../../support/arrays.ts";

Deno.test("fitLine() finds the line that costs are on", () => {
  const { fixed, slope } = fitLine([2, 3, 7, 11].map((n) => ({ n, cost: 5 + 0.25 * n })));
  assertAllClose([fixed, slope], [5, 0.25]);
});

Deno.test("fitLine() is nearest by relative distances: each of them may be turned", () => {
  const costs = [[1, 10], [2, 22], [4, 36], [8, 85]].map(([n, cost]) => ({ n, cost }));
  const loss = (fixed: number, slope: number) =>
    costs.reduce((sum, { n, cost }) => sum + ((fixed + slope * n) / cost - 1) ** 2, 0);
  const { fixed, slope } = fitLine(costs);
  const least = loss(fixed, slope);
  for (const [dFixed, dSlope] of [[0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]]) {
    equal(loss(fixed + dFixed, slope + dSlope) > least, true);
  }
});

Deno.test("fitLine() says what it takes", () => {
  const message = /^RangeError: Cannot fit a line: it takes costs of two different numbers$/;
  throws(() => fitLine([{ n: 3, cost: 1 }]), message);
  throws(() => fitLine([{ n: 3, cost: 1 }, { n: 3, cost: 2 }]), message);
});

Deno.test("offLine() is a share of the line, above it positive", () => {
  equal(offLine({ fixed: 1, slope: 1 }, { n: 3, cost: 5 }), 0.25);
  equal(offLine({ fixed: 1, slope: 1 }, { n: 3, cost: 3 }), -0.25);
});
