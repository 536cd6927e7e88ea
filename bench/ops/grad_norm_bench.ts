// deno bench -A bench/ops/grad_norm_bench.ts: the joint norm of all gradients.
import { gradNorm } from "../../src/ops/grad_norm.ts";
import { gradNormReference } from "../../tests/reference/grad_norm.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

/** All gradients of a backbone. */
function benchOf(model: string, count: number): OpBench {
  return {
    name: `grad_norm, ${model}`,
    async setup(gpu) {
      const data = randomArray(count, { seed: 1 });
      const grads = [gpu.upload([count], data, "grads")];
      const result = await gpu.download(gradNorm(gpu, grads, 3));
      assertAllClose(result, gradNormReference([data], 3), { rtol: 1e-6, atol: 0 });
      return (recorder) => gradNorm(recorder, grads, 3);
    },
  };
}

registerBenches([benchOf("ViT-S/14", 22_056_576)]);
