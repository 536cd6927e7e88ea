// deno bench -A bench/ops/linear_bench.ts: what the epilogues add to a product, the residual join's too.
import { linear, linearGelu } from "../../src/ops/linear.ts";
import { linearResidual } from "../../src/ops/linear_residual.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { linearReference } from "../../tests/reference/linear.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

/** Last row of the result against the reference, then what to time. */
async function setupLinear(gpu: Gpu, inputs: number, outputs: number) {
  const rows = tokensFor(gpu);
  const host = {
    x: randomArray(rows * inputs, { seed: 1 }),
    weight: randomArray(outputs * inputs, { seed: 2 }),
    bias: randomArray(outputs, { seed: 3 }),
  };
  const x = gpu.upload([rows, inputs], host.x, "x");
  const weight = gpu.upload([outputs, inputs], host.weight, "weight");
  const bias = gpu.upload([outputs], host.bias, "bias");
  const residual = gpu.upload([rows, outputs], randomArray(rows * outputs, { seed: 4 }), "stream");
  const y = await gpu.download(linear(gpu, x, weight, bias));
  const lastRow = { rows: 1, inputs, outputs };
  const expected = linearReference(host.x.slice(-inputs), host.weight, host.bias, lastRow);
  assertAllClose(y.slice(-outputs), expected, { atol: 1e-3 });
  const join = { residual, gamma: bias, subset: null, keepBranch: true };
  return {
    linear: (recorder: Recorder) => void linear(recorder, x, weight, bias),
    linearGelu: (recorder: Recorder) => void linearGelu(recorder, x, weight, bias),
    linearResidual: (recorder: Recorder) => void linearResidual(recorder, x, weight, bias, join),
  };
}

type LinearOp = keyof Awaited<ReturnType<typeof setupLinear>>;

const linearBench = (op: LinearOp, inputs: number, outputs: number): OpBench => ({
  name: `${op} ${inputs} -> ${outputs}`,
  setup: async (gpu) => (await setupLinear(gpu, inputs, outputs))[op],
});

registerBenches([
  linearBench("linear", 384, 1152),
  linearBench("linearGelu", 384, 1536),
  linearBench("linearResidual", 1536, 384),
  linearBench("linearGelu", 768, 3072),
]);
