// deno bench -A bench/ops/weight_norm_bench.ts: the prototype matrix, 65,536 x 256.
import { weightNorm, weightNormBackward } from "../../src/ops/weight_norm.ts";
import { weightNormReference } from "../../tests/reference/weight_norm.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const weightNormBench = (rows: number, dim: number, backward: boolean): OpBench => ({
  name: `weightNorm${backward ? "Backward" : ""} ${rows} x ${dim}`,
  async setup(gpu) {
    const host = { v: randomArray(rows * dim, { seed: 1 }), g: randomArray(rows, { seed: 2 }) };
    const v = gpu.upload([rows, dim], host.v, "v");
    const g = gpu.upload([rows, 1], host.g, "g");
    const { weight, norms } = weightNorm(gpu, v, g);
    assertAllClose(await gpu.download(weight), weightNormReference(host.v, host.g));
    if (!backward) return (recorder) => void weightNorm(recorder, v, g);
    const grads = {
      v: gpu.keep("gradients", [rows, dim], "dv"),
      g: gpu.keep("gradients", [rows, 1], "dg"),
    };
    return (recorder) => weightNormBackward(recorder, weight, v, g, norms, grads);
  },
});

registerBenches([weightNormBench(65_536, 256, false), weightNormBench(65_536, 256, true)]);
