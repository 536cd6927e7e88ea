// deno bench -A bench/ops/matmul_bench.ts: the three products of a linear layer, ViT-S and ViT-B.
import { matmul } from "../../src/ops/matmul.ts";
import { productAt } from "../../tests/reference/matmul.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches, tokensFor } from "../support/measure.ts";

/** Forward, gradient of the input, gradient of the weight: where the tokens are, what is transposed. */
const FORMS = {
  forward: { transposeA: false, transposeB: true },
  dx: { transposeA: false, transposeB: false },
  dWeight: { transposeA: true, transposeB: false },
};

function benchOf(form: keyof typeof FORMS, inputs: number, outputs: number): OpBench {
  const { transposeA, transposeB } = FORMS[form];
  return {
    name: `matmul ${form} ${inputs} -> ${outputs}`,
    async setup(gpu) {
      const tokens = tokensFor(gpu);
      const [rows, cols, depth] = {
        forward: [tokens, outputs, inputs],
        dx: [tokens, inputs, outputs],
        dWeight: [outputs, inputs, tokens],
      }[form];
      const a = randomArray(rows * depth, { seed: 1 });
      const b = randomArray(depth * cols, { seed: 2 });
      const left = gpu.upload(transposeA ? [depth, rows] : [rows, depth], a, "a");
      const right = gpu.upload(transposeB ? [cols, depth] : [depth, cols], b, "b");
      const options = { transposeA, transposeB, into: gpu.empty([rows, cols], "y") };
      const y = await gpu.download(matmul(gpu, left, right, options));
      const [row, col] = [rows - 1, cols - 1];
      const expected = productAt(a, b, { rows, cols, depth, transposeA, transposeB }, row, col);
      assertAllClose([y[row * cols + col]], [expected], { atol: 1e-3 });
      return (recorder) => void matmul(recorder, left, right, options);
    },
  };
}

registerBenches(
  [[384, 1536], [768, 3072]].flatMap(([inputs, outputs]) =>
    (["forward", "dx", "dWeight"] as const).map((form) => benchOf(form, inputs, outputs))
  ),
);
