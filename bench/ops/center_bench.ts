// deno bench -A bench/ops/center_bench.ts: the moving average of the teacher's logits.
import { updateCenter } from "../../src/ops/center.ts";
import { updateCenterReference } from "../../tests/reference/center.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const centerBench = (numPrototypes: number): OpBench => ({
  name: `updateCenter ${numPrototypes}`,
  async setup(gpu) {
    const host = [1, 2].map((seed) => randomArray(numPrototypes, { seed }));
    const [center, mean] = host.map((x) => gpu.upload([numPrototypes], x, "center"));
    updateCenter(gpu, center, mean, 0.9, null);
    assertAllClose(await gpu.download(center), updateCenterReference(host[0], host[1], 0.9, 1));
    return (recorder) => updateCenter(recorder, center, mean, 0.9, null);
  },
});

registerBenches([centerBench(65_536), centerBench(131_072)]);
