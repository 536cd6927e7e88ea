// deno bench -A bench/ops/prototype_cross_entropy_bench.ts: loss and gradient over a logits chunk.
import { view } from "../../src/gpu/tensor.ts";
import { NO_PAIR, prototypeCrossEntropy } from "../../src/ops/prototype_cross_entropy.ts";
import { softmaxStats } from "../../src/ops/softmax_stats.ts";
import { prototypeCrossEntropyReference } from "../../tests/reference/prototype_cross_entropy.ts";
import { targetsReference } from "../../tests/reference/softmax_stats.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const crossEntropyBench = (numPrototypes: number): OpBench => ({
  name: `prototypeCrossEntropy ${numPrototypes}`,
  async setup(gpu) {
    const rows = gpu.adapter.software ? 32 : 1024;
    const host = [1, 2].map((seed) => randomArray(rows * numPrototypes, { seed }));
    const [student, teacher] = host.map((x) => gpu.upload([rows, numPrototypes], x, "logits"));
    const center = gpu.upload([numPrototypes], new Float32Array(numPrototypes), "center");
    const lossScalars = gpu.upload([2], Float32Array.of(0.0625, 1), "loss_scalars");
    const pairs = Uint32Array.from({ length: 2 * rows }, (_, i) => i % 2 ? NO_PAIR : i / 2);
    const weights = new Float32Array(rows).fill(1);
    const chunk = {
      student,
      teacher,
      center,
      teacherLse: softmaxStats(gpu, teacher, center, view(lossScalars, [1])).lse,
      lossScalars,
      studentTemp: 0.1,
      pairs: gpu.upload([rows, 2], pairs, "pairs"),
      weights: gpu.upload([rows], weights, "weights"),
      losses: gpu.empty([rows], "losses"),
      rowOffset: 0,
      gradScale: 1,
    };
    prototypeCrossEntropy(gpu, chunk);
    const losses = await gpu.download(chunk.losses);
    const [lastStudent, lastTeacher] = host.map((x) => x.slice(-numPrototypes));
    const targets = targetsReference(lastTeacher, new Float64Array(numPrototypes), 0.0625);
    const options = { numPrototypes, studentTemp: 0.1, pairs: [0, NO_PAIR], weights };
    const lastRow = prototypeCrossEntropyReference(lastStudent, targets, options);
    assertAllClose(losses.slice(-1), lastRow);
    return (recorder) => prototypeCrossEntropy(recorder, chunk);
  },
});

registerBenches([crossEntropyBench(65_536), crossEntropyBench(131_072)]);
