import { deepEqual, equal, ok } from "node:assert/strict";
import type { ModelArgs } from "../../src/config/model_args.ts";
import { resolveModel } from "../../src/config/model_presets.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import { randomStream } from "../../src/random.ts";
import {
  addDropPathInputs,
  drawDropPath,
  dropPathFactors,
  dropPathRate,
  keptSequences,
} from "../../src/training/drop_path.ts";
import { StepInputs } from "../../src/training/step_inputs.ts";
import { tinyShape } from "../support/tiny_step.ts";

/** Factors of `crops` crops; another `draw` gives others. */
function factors(crops: number, rate: number, draw = 0): number[] {
  return [...dropPathFactors(crops, rate, randomStream(0, "drop path", draw))];
}

Deno.test("dropPathFactors() keeps a fixed number of crops above a rate of 0.1", () => {
  // Crops, rate, and how many are kept: floor(crops · (1 − rate)), at least one.
  for (const [crops, rate, kept] of [[8, 0.3, 5], [7, 0.5, 3], [1, 0.9, 1], [4, 0.9, 1]]) {
    for (let draw = 0; draw < 20; draw++) {
      const drawn = factors(crops, rate, draw);
      deepEqual(
        drawn.filter((factor) => factor !== 0),
        Array(kept).fill(Math.fround(crops / kept)),
      );
      equal(drawn.length, crops);
    }
  }
});

Deno.test("dropPathFactors() keeps each crop by chance up to a rate of 0.1", () => {
  const scale = Math.fround(1 / 0.9);
  const counts = new Set<number>();
  let kept = 0;
  for (let draw = 0; draw < 500; draw++) {
    const drawn = factors(20, 0.1, draw);
    ok(drawn.every((factor) => factor === 0 || factor === scale), drawn.join());
    const alive = drawn.filter((factor) => factor !== 0).length;
    counts.add(alive);
    kept += alive;
  }
  ok(counts.size > 3, "the number that is kept varies");
  ok(Math.abs(kept / 10_000 - 0.9) < 0.015, `${kept} of 10000`); // five standard deviations
});

Deno.test("dropPathFactors() have a mean of 1, whichever rule makes them", () => {
  for (const rate of [0.05, 0.1, 0.3, 0.7]) {
    let sum = 0;
    for (let draw = 0; draw < 2000; draw++) {
      for (const factor of factors(10, rate, draw)) sum += factor;
    }
    ok(Math.abs(sum / 20_000 - 1) < 0.02, `rate ${rate}: mean ${sum / 20_000}`);
  }
});

Deno.test("dropPathFactors() drops every crop equally often", () => {
  const kept = new Array<number>(8).fill(0);
  for (let draw = 0; draw < 2000; draw++) {
    factors(8, 0.5, draw).forEach((factor, crop) => kept[crop] += Number(factor > 0));
  }
  ok(kept.every((count) => Math.abs(count / 2000 - 0.5) < 0.06), kept.join());
});

Deno.test("dropPathFactors() leaves all as it is at rate 0, and takes no crops", () => {
  deepEqual(factors(3, 0), [1, 1, 1]);
  deepEqual(factors(0, 0.5), []);
});

Deno.test("dropPathRate() is the same in all blocks, or rises from 0", () => {
  const model = resolveModel("dinov2/vittest", { depth: 4, drop_path_rate: 0.3 });
  const rates = (dropPathUniform: boolean, depth = 4) =>
    Array.from({ length: depth }, (_, i) => dropPathRate({ ...model, dropPathUniform, depth }, i));
  deepEqual(rates(true), [0.3, 0.3, 0.3, 0.3]);
  deepEqual(rates(false).map((rate) => Number(rate.toFixed(6))), [0, 0.1, 0.2, 0.3]);
  deepEqual(rates(false, 1), [0.3]);
});

Deno.test("drawDropPath() puts the crops that a branch computes first, in their order", () => {
  const { recorder, inputs, shape } = tinyInputs({ drop_path_rate: 0.5 });
  const [packing] = keptSequences(recorder, shape);
  for (const micro of [0, 1]) {
    drawDropPath(inputs, shape, 3, 10, micro);
    const floats = inputs.mirror("drop_path.0.1");
    const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
    const stream = randomStream(3, "drop path", 10, micro, 0, 1);
    // Six global crops of 25 tokens, of which three stay, before six local ones of 7.
    const factors = [...dropPathFactors(6, 0.5, stream), ...dropPathFactors(6, 0.5, stream)];
    deepEqual(factors.map((_, crop) => floats[2 * crop + 1]), factors);
    const kept = factors.flatMap((factor, crop) => factor === 0 ? [] : [crop]);
    deepEqual(kept.map((crop) => words[2 * crop]), packing?.offsets.slice(0, -1));
    equal(kept.length, 6);
  }
});

Deno.test("keptSequences() has one packing for all blocks that keep as many crops", () => {
  const { recorder, shape } = tinyInputs({
    drop_path_rate: 0.5,
    drop_path_uniform: false,
    depth: 8,
  });
  const kept = keptSequences(recorder, shape);
  equal(kept[0], null); // rate 0
  equal(kept[1]?.lengths.length, 12); // rate 0.07: by chance, so all are computed
  equal(kept[7]?.lengths.length, 6);
  deepEqual(kept[7]?.lengths, [25, 25, 25, 7, 7, 7]);
  equal(kept[6], kept[7]); // rates 0.43 and 0.5: both keep 3 of 6
});

/** Step inputs of three images, two global and two local crops each. */
function tinyInputs(model: ModelArgs) {
  const shape = tinyShape({ model });
  const recorder = new PlanRecorder(DEFAULT_FACTS);
  const inputs = new StepInputs();
  addDropPathInputs(inputs, shape);
  inputs.allocate(recorder);
  return { recorder, inputs, shape };
}
