// deno bench -A bench/ops/row_subset_bench.ts: the table of a branch with drop path, and the rows past it.
import { deepEqual } from "node:assert/strict";
import { passDropped, rowSubset, sequencePlaces } from "../../src/ops/row_subset.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import { randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

/** Tokens of a sequence: of a local view of 98 pixels. */
const LENGTH = 50;

const subsetBench = (dim: number): OpBench => ({
  name: `rowSubset and passDropped, 3 of 10 sequences, ${dim}`,
  async setup(gpu) {
    const lengths = new Array<number>(Math.floor(tokensFor(gpu) / LENGTH)).fill(LENGTH);
    const sequences = makeSequences(gpu, lengths);
    const { totalTokens: tokens } = sequences;
    const factors = lengths.map((_, sequence) => sequence % 10 < 3 ? null : 10 / 7);
    const count = LENGTH * factors.filter((factor) => factor !== null).length;
    const places = gpu.upload([lengths.length, 2], sequencePlaces(factors, lengths), "places");
    const host = randomArray(tokens * dim, { seed: 1 });
    const residual = gpu.upload([tokens, dim], host, "residual");
    const y = gpu.upload([tokens, dim], new Float32Array(tokens * dim), "y");
    const subset = rowSubset(gpu, sequences, places, count);
    passDropped(gpu, subset, residual, y);
    const isDropped = (index: number) => Math.floor(index / (dim * LENGTH)) % 10 < 3;
    deepEqual(await gpu.download(y), host.map((value, i) => isDropped(i) ? value : 0));
    return (recorder) => {
      passDropped(recorder, rowSubset(recorder, sequences, places, count), residual, y);
    };
  },
});

registerBenches([subsetBench(384), subsetBench(768)]);
