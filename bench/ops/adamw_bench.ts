// deno bench -A bench/ops/adamw_bench.ts: one update of all parameters and their teacher.
import { adamw, packHyper, packSegments } from "../../src/ops/adamw.ts";
import { adamwReference } from "../../tests/reference/adamw.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const RATE = 1e-3;
const SETTINGS = {
  weightDecay: 0.04,
  betas: [0.9, 0.999],
  eps: 1e-8,
  step: 0,
  momentum: 0.992,
} as const;

/** One parameter buffer that holds a whole backbone. */
function benchOf(model: string, n: number): OpBench {
  return {
    name: `adamw, ${model}`,
    async setup(gpu) {
      const data = randomArray(n, { seed: 1 });
      const upload = (label: string) => gpu.upload([n], data, label);
      const zeros = (label: string) => gpu.upload([n], new Float32Array(n), label);
      const rates = { lrBackbone: RATE, lrHead: RATE, lrLastLayer: RATE, updateTeacher: true };
      const blocks = new Uint32Array(n / 64);
      const table = packSegments(blocks, [{ lrScale: 1, weightDecay: true, kind: "backbone" }]);
      const buffers = {
        values: upload("values"),
        grads: upload("grads"),
        teacher: upload("teacher"),
        expAvg: zeros("expAvg"),
        expAvgSq: zeros("expAvgSq"),
        table: gpu.upload([table.length], table, "table"),
        hyper: gpu.upload([16], packHyper({ ...SETTINGS, ...rates }), "hyper"),
        clip: gpu.upload([2], Float32Array.of(1, 1), "clip"),
      };
      adamw(gpu, buffers);
      const state = {
        values: Float64Array.from(data),
        teacher: Float64Array.from(data),
        expAvg: new Float64Array(n),
        expAvgSq: new Float64Array(n),
      };
      adamwReference(state, data, { ...SETTINGS, lr: RATE, clip: 1 }, [0, n]);
      assertAllClose(await gpu.download(buffers.values), state.values);
      assertAllClose(await gpu.download(buffers.teacher), state.teacher);
      return (recorder) => adamw(recorder, buffers);
    },
  };
}

registerBenches([benchOf("ViT-S/14", 22_056_576)]);
