import { deepEqual, equal, notDeepEqual, ok, throws } from "node:assert/strict";
import { philox4x32, randomStream } from "../src/random.ts";

Deno.test("philox4x32() gives the published known answers", () => {
  // From the Random123 distribution: counter, key, result.
  const answers = [
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, expected] of answers) {
    const out = new Uint32Array(4);
    philox4x32(counter, key, out);
    deepEqual([...out], expected);
  }
});

Deno.test("randomStream() is a pure function of seed, purpose and counters", () => {
  const draw = (...args: Parameters<typeof randomStream>) => {
    const stream = randomStream(...args);
    return [stream.uniform(), stream.normal(), stream.int(1000)];
  };
  const first = draw(7, "views", 3, 5);
  const others = [
    draw(8, "views", 3, 5),
    draw(7, "view", 3, 5),
    draw(7, "masks", 3, 5),
    draw(7, "views", 5, 3),
    draw(7, "views", 3),
    draw(7, "views", 3, 5, 0),
    draw(7 + 2 ** 32, "views", 3, 5),
  ];
  for (const other of others) notDeepEqual(other, first);
  deepEqual(draw(7, "views", 3, 5), first);
});

Deno.test("randomStream() refuses a counter that is not an integer", () => {
  throws(
    () => randomStream(0, "views", 1.5),
    new RangeError("Cannot make a random stream: seed and counters must be integers, got 1.5"),
  );
});

Deno.test("RandomStream has the moments of its distributions", () => {
  const n = 200_000;
  const stream = randomStream(1, "moments");
  const cases = [
    { draw: () => stream.uniform(), mean: 1 / 2, variance: 1 / 12, fourth: 1 / 80 },
    { draw: () => stream.range(-3, 1), mean: -1, variance: 16 / 12, fourth: 256 / 80 },
    { draw: () => stream.normal(), mean: 0, variance: 1, fourth: 3 },
    { draw: () => Number(stream.bool(0.25)), mean: 0.25, variance: 0.1875, fourth: 0.08203125 },
  ];
  for (const { draw, mean, variance, fourth } of cases) {
    const values = Float64Array.from({ length: n }, draw);
    const moment = (k: number) => values.reduce((sum, x) => sum + (x - mean) ** k, 0) / n;
    // Five standard deviations of each estimate.
    ok(Math.abs(moment(1)) < 5 * Math.sqrt(variance / n), `mean off by ${moment(1)}`);
    const slack = 5 * Math.sqrt(Math.max(fourth - variance ** 2, 1e-6) / n);
    ok(Math.abs(moment(2) - variance) < slack, `variance ${moment(2)} must be ${variance}`);
  }
});

Deno.test("RandomStream streams of neighbouring counters do not correlate", () => {
  const n = 50_000;
  const columns = [0, 1].map((shift) =>
    Float64Array.from({ length: n }, (_, i) => randomStream(0, "pairs", i + shift).uniform() - 0.5)
  );
  const product = columns[0].reduce((sum, x, i) => sum + x * columns[1][i], 0) / n;
  ok(Math.abs(product * 12) < 5 / Math.sqrt(n), `correlation ${product * 12}`);
});

Deno.test("RandomStream.int() takes every value equally often", () => {
  const stream = randomStream(0, "int");
  const counts = new Uint32Array(7);
  for (let i = 0; i < 70_000; i++) counts[stream.int(7)]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  ok(chiSquare < 27, `chi-square ${chiSquare} over 6 degrees of freedom`); // p = 0.0001
  equal(stream.int(1), 0);
  throws(
    () => stream.int(0),
    new RangeError("Cannot draw an integer: n must be an integer in 1..2^32, got 0"),
  );
});

Deno.test("RandomStream bulk methods give the numbers of single calls", () => {
  const bulk = new Float32Array(101);
  const single = (draw: (stream: ReturnType<typeof randomStream>) => number) => {
    const stream = randomStream(2, "bulk");
    return Float32Array.from(bulk, () => draw(stream));
  };
  randomStream(2, "bulk").fillUniform(bulk, -1, 1);
  deepEqual(bulk, single((stream) => stream.range(-1, 1)));
  randomStream(2, "bulk").fillNormal(bulk, 2, 1);
  deepEqual(bulk, single((stream) => 1 + 2 * stream.normal()));
  randomStream(2, "bulk").fillTruncatedNormal(bulk, 0.02);
  deepEqual(bulk, single((stream) => stream.truncatedNormal(0.02)));
});

Deno.test("RandomStream.truncatedNormal() stays inside absolute bounds", () => {
  const values = new Float32Array(20_000);
  randomStream(3, "truncated").fillTruncatedNormal(values, 1.5);
  ok(values.every((x) => x >= -2 && x <= 2));
  // Variance of N(0, 1.5²) cut at ±2.
  const variance = values.reduce((sum, x) => sum + x * x, 0) / values.length;
  ok(Math.abs(variance - 1.0607) < 0.05, `variance ${variance}`);
  throws(
    () => randomStream(3, "truncated").truncatedNormal(1, 2, 3),
    new RangeError("Cannot draw a truncated normal: lo and hi must enclose 0, got [2, 3]"),
  );
});

Deno.test("RandomStream.permutation() and shuffle() keep every element", () => {
  const order = randomStream(4, "order").permutation(1000);
  deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  notDeepEqual(order, randomStream(5, "order").permutation(1000));
  const letters = randomStream(4, "letters").shuffle([..."abcdefgh"]);
  equal(letters.toSorted().join(""), "abcdefgh");
});
