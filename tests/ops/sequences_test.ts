import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { describeLengths, makeSequences, tilesOf } from "../../src/ops/sequences.ts";

Deno.test("makeSequences() lays sequences one after another", async () => {
  using gpu = await Gpu.open();
  const sequences = makeSequences(gpu, [3, 1, 2]);
  deepEqual(sequences.offsets, [0, 3, 4, 6]);
  equal(sequences.totalTokens, 6);
  const read = async (tensor: typeof sequences.offsetsTensor) => [
    ...new Uint32Array(await gpu.downloadBytes(tensor)),
  ];
  deepEqual(await read(sequences.offsetsTensor), [0, 3, 4, 6]);
  deepEqual(await read(sequences.sequenceOfToken), [0, 0, 0, 1, 2, 2]);
});

Deno.test("tilesOf() cuts each sequence by itself, and makes a table once", async () => {
  using gpu = await Gpu.open();
  const sequences = makeSequences(gpu, [5, 2]);
  const tiles = tilesOf(gpu, sequences, 4);
  const table = new Uint32Array(await gpu.downloadBytes(tiles));
  deepEqual([...table], [0, 0, 5, 0, 4, 0, 5, 0, 5, 5, 7, 0]);
  equal(tilesOf(gpu, sequences, 4), tiles);
  notEqual(tilesOf(gpu, sequences, 8), tiles);
});

Deno.test("describeLengths() counts sequences of each length", async () => {
  using gpu = await Gpu.open();
  equal(describeLengths(makeSequences(gpu, [5, 5, 2, 5])), "3x5+1x2");
});

Deno.test("makeSequences() names a length that is none", async () => {
  using gpu = await Gpu.open();
  throws(
    () => makeSequences(gpu, [3, 0], "student"),
    new ShapeError("Cannot pack student: the length of sequence 1 must be at least 1, got 0"),
  );
});
