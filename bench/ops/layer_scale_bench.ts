// deno bench -A bench/ops/layer_scale_bench.ts: one residual branch's way back, all tokens.
import { layerScaleBackward } from "../../src/ops/layer_scale.ts";
import { layerScaleReference } from "../../tests/reference/layer_scale.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

const layerScaleBench = (dim: number): OpBench => ({
  name: `layerScale backward ${dim}`,
  async setup(gpu) {
    const rows = tokensFor(gpu);
    const data = randomArray(rows * dim, { seed: 1 });
    const weights = randomArray(dim, { seed: 2 });
    const dy = gpu.upload([rows, dim], data, "dy");
    const zeros = (label: string) => gpu.upload([dim], new Float32Array(dim), label);
    const gamma = gpu.upload([dim], weights, "gamma");
    const scale = { gamma, branch: dy, dGamma: zeros("dGamma") };
    const scales = { scale, subset: null, dBias: zeros("dBias") };
    const dBranch = layerScaleBackward(gpu, dy, scales);
    const expected = layerScaleReference(data.slice(-dim), weights, [1]);
    assertAllClose((await gpu.download(dBranch)).slice(-dim), expected);
    return (recorder) => void layerScaleBackward(recorder, dy, scales);
  },
});

registerBenches([layerScaleBench(384), layerScaleBench(768)]);
