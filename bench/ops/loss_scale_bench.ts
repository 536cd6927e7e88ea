// deno bench -A bench/ops/loss_scale_bench.ts: one lane's work, so what a dispatch takes by itself.
import { equal } from "node:assert/strict";
import { HYPER_SIZE } from "../../src/ops/adamw.ts";
import { LOSS_SCALE_SIZE, lossScalars, updateLossScale } from "../../src/ops/loss_scale.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const lossScaleBench: OpBench = {
  name: "lossScalars and updateLossScale",
  async setup(gpu) {
    const state = gpu.keep("state", [LOSS_SCALE_SIZE], "loss_scale");
    const metrics = gpu.keep("state", [5], "metrics");
    const gathered = gpu.upload([2], Float32Array.of(Infinity, 0), "grad_norm");
    const hyper = gpu.upload([HYPER_SIZE], new Float32Array(HYPER_SIZE), "hyper");
    const temperature = gpu.upload([1], Float32Array.of(0.0625), "teacher_temp");
    const tensors = { gathered, hyper, state, metrics };
    updateLossScale(gpu, tensors, { maxNorm: 3, slot: 0 });
    equal((await gpu.download(state))[0], 32_768); // halved once
    return (recorder) => {
      lossScalars(recorder, temperature, state);
      updateLossScale(recorder, tensors, { maxNorm: 3, slot: 0 });
    };
  },
};

registerBenches([lossScaleBench]);
