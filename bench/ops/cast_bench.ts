// deno bench -A bench/ops/cast_bench.ts: weights rounded to f16, once a step.
import { castInto } from "../../src/ops/cast.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const castBench = (millions: number): OpBench => ({
  name: `cast ${millions} M`,
  async setup(gpu) {
    const values = randomArray(2 ** 20 * millions, { seed: 1 });
    const x = gpu.upload([values.length], values, "x");
    const y = gpu.empty([values.length], "y", gpu.adapter.shaderF16 ? "f16" : "f32");
    castInto(gpu, x, y);
    assertAllClose((await gpu.download(y)).slice(-3), values.slice(-3), { rtol: 2 ** -10 });
    return (recorder) => castInto(recorder, x, y);
  },
});

registerBenches([castBench(8)]);
