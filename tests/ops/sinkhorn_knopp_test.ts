import { throws } from "node:assert/strict";
import { ShapeError } from "../../src/gpu/errors.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { sinkhornAccumulate, sinkhornFinish, sinkhornReset } from "../../src/ops/sinkhorn_knopp.ts";
import { softmaxStats } from "../../src/ops/softmax_stats.ts";
import { sinkhornReference } from "../reference/sinkhorn_knopp.ts";
import { assertAllClose, randomArray } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

/** Three iterations over row chunks, then the targets of the counted rows. */
async function targetsOnGpu(
  gpu: Gpu,
  logits: Float32Array,
  numPrototypes: number,
  { temp, count, chunkRows }: { temp: number; count?: number; chunkRows: number },
): Promise<Float64Array> {
  const recorder = poisoned(gpu);
  const rows = logits.length / numPrototypes;
  const tempTensor = gpu.upload([1], Float32Array.of(temp), "temp");
  const state = recorder.empty([numPrototypes, 2], "state");
  const center = recorder.empty([numPrototypes], "center");
  const countTensor = count === undefined ? null : gpu.upload([1], Uint32Array.of(count), "count");
  const chunks: { rowOffset: number; chunk: Tensor; rowLse: Tensor | null }[] = [];
  for (let rowOffset = 0; rowOffset < rows; rowOffset += chunkRows) {
    const part = logits.subarray(
      rowOffset * numPrototypes,
      (rowOffset + chunkRows) * numPrototypes,
    );
    const shape = [part.length / numPrototypes, numPrototypes];
    chunks.push({ rowOffset, chunk: gpu.upload(shape, part, "logits"), rowLse: null });
  }
  for (let iteration = 0; iteration < 3; iteration++) {
    sinkhornReset(recorder, state);
    for (const { chunk, rowLse, rowOffset } of chunks) {
      sinkhornAccumulate(recorder, chunk, rowLse, tempTensor, state, {
        count: countTensor,
        rowOffset,
      });
    }
    sinkhornFinish(recorder, state, tempTensor, center);
    for (const part of chunks) {
      part.rowLse = softmaxStats(recorder, part.chunk, center, tempTensor).lse;
    }
  }
  const a = await gpu.download(center);
  const b: number[] = [];
  for (const { rowLse } of chunks) b.push(...await gpu.download(rowLse!));
  const counted = (count ?? rows) * numPrototypes;
  return Float64Array.from(logits.subarray(0, counted), (logit, at) => {
    const [row, k] = [Math.floor(at / numPrototypes), at % numPrototypes];
    return Math.exp((logit - a[k]) / Math.fround(temp) - b[row]);
  });
}

Deno.test("sinkhorn ops match the float64 reference, whatever the chunks", async (t) => {
  using gpu = await Gpu.open();
  const sizes = [[1, 1, 1], [7, 65, 3], [40, 101, 40], [19, 300, 8], [2, 65_537, 1]];
  for (const [rows, numPrototypes, chunkRows] of sizes) {
    await t.step(`[${rows}, ${numPrototypes}] by ${chunkRows}`, async () => {
      const logits = randomArray(rows * numPrototypes, { seed: 1 });
      const temp = Math.fround(0.05);
      const targets = await targetsOnGpu(gpu, logits, numPrototypes, { temp, chunkRows });
      const expected = sinkhornReference(logits, numPrototypes, { temp });
      assertAllClose(targets, expected);
    });
  }
});

Deno.test("sinkhornAccumulate() ignores rows from the count on", async (t) => {
  using gpu = await Gpu.open();
  const [rows, numPrototypes] = [12, 33];
  const logits = randomArray(rows * numPrototypes, { seed: 1 });
  for (const count of [1, 5, 9, 12]) {
    await t.step(`${count} of ${rows} rows`, async () => {
      const options = { temp: 0.05, count, chunkRows: 5 };
      const targets = await targetsOnGpu(gpu, logits, numPrototypes, options);
      const counted = logits.subarray(0, count * numPrototypes);
      const temp = Math.fround(0.05);
      assertAllClose(targets, sinkhornReference(counted, numPrototypes, { temp }));
    });
  }
});

Deno.test("sinkhornFinish() gives a zero center when no row took part", async () => {
  using gpu = await Gpu.open();
  const [state, center] = [gpu.empty([3, 2], "state"), gpu.empty([3], "center")];
  sinkhornReset(gpu, state);
  sinkhornFinish(gpu, state, gpu.upload([1], Float32Array.of(0.05), "temp"), center);
  assertAllClose(await gpu.download(center), [0, 0, 0]);
});

Deno.test("sinkhorn ops give the recorded targets", async (t) => {
  using gpu = await Gpu.open();
  const golden = loadCase("unit_losses");
  for (const name of ["sinkhorn_n6_K64", "sinkhorn_n19_K64", "sinkhorn_n5_K300"]) {
    await t.step(name, async () => {
      const temp = golden.json.cases[name].teacher_temp;
      const [, numPrototypes] = golden.shape(`${name}.logits`);
      const logits = golden.f32(`${name}.logits`);
      const targets = await targetsOnGpu(gpu, logits, numPrototypes, { temp, chunkRows: 4 });
      assertAllClose(targets, golden.f32(`${name}.dino_targets`));
      assertAllClose(targets, golden.f32(`${name}.ibot_targets`));
    });
  }
});

Deno.test("sinkhornAccumulate() names the tensor whose shape does not fit", async () => {
  using gpu = await Gpu.open();
  const [logits, state, temp] = [[4, 8], [7, 2], [1]].map((shape) => gpu.empty(shape, "x"));
  throws(
    () => sinkhornAccumulate(gpu, logits, null, temp, state, { count: null, rowOffset: 0 }),
    new ShapeError("Cannot run sinkhornAccumulate: state must have shape [8, 2], got [7, 2]"),
  );
});
