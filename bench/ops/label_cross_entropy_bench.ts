// deno bench -A bench/ops/label_cross_entropy_bench.ts: loss and gradient of a sweep of classifiers.
import { labelCrossEntropy } from "../../src/ops/label_cross_entropy.ts";
import { labelCrossEntropyReference } from "../../tests/reference/softmax_regression.ts";
import { assertAllClose, randomArray } from "../../tests/support/arrays.ts";
import { type OpBench, registerBenches } from "../support/measure.ts";

const [SAMPLES, HEADS] = [128, 13];

const benchOf = (classes: number): OpBench => ({
  name: `labelCrossEntropy ${classes}`,
  async setup(gpu) {
    const rows = SAMPLES * HEADS;
    const host = randomArray(rows * classes, { seed: 1 });
    const targets = Uint32Array.from({ length: SAMPLES }, (_, i) => i % classes);
    const ones = new Float32Array(SAMPLES).fill(1);
    const logits = gpu.upload([rows, classes], host, "logits");
    const labels = gpu.upload([SAMPLES], targets, "labels");
    const weights = gpu.upload([SAMPLES], ones, "weights");
    const losses = await gpu.download(labelCrossEntropy(gpu, logits, labels, weights));
    assertAllClose(losses, labelCrossEntropyReference(host, targets, ones, classes).losses);
    return (recorder) => void labelCrossEntropy(recorder, logits, labels, weights);
  },
});

registerBenches([benchOf(10), benchOf(1000)]);
