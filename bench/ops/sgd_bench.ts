// deno bench -A bench/ops/sgd_bench.ts: one update of a sweep of classifiers of 1,000 classes.
import { sgd } from "../../src/ops/sgd.ts";
import { sgdReference } from "../../tests/reference/softmax_regression.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { registerBenches } from "../support/measure.ts";

const [GROUPS, SIZE] = [13, 1000 * 769];

registerBenches([{
  name: `sgd, ${GROUPS} classifiers of 1000 classes on 768 features`,
  async setup(gpu) {
    const host = randomArray(GROUPS * SIZE, { seed: 1 });
    const upload = (label: string) => gpu.upload([GROUPS, SIZE], host, label);
    const update = {
      values: upload("values"),
      velocity: upload("velocity"),
      grads: upload("grads"),
      lr: gpu.upload([GROUPS], new Float32Array(GROUPS).fill(0.125), "lr"),
      factor: gpu.upload([1], Float32Array.of(0.5), "factor"),
      momentum: 0.9,
    };
    sgd(gpu, update);
    const expected = Float64Array.from(host);
    sgdReference(expected, Float64Array.from(host), host, { lr: 0.0625, momentum: 0.9 });
    assertAllClose(await gpu.download(update.values), expected);
    return (recorder) => sgd(recorder, update);
  },
}]);
