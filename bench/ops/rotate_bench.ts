// deno bench -A bench/ops/rotate_bench.ts: views of 224 pixels, half of them turned.
import { deepEqual } from "node:assert/strict";
import { rotate as rotateOnHost, rotationCoefficients } from "../../src/views/rotate.ts";
import { rotate } from "../../src/ops/rotate.ts";
import { pixelShape } from "../../src/ops/view_table.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { packed, samplesOf, uploadViews } from "../../tests/support/gpu_views.ts";
import { noiseImage } from "../../tests/support/noise_image.ts";
import { registerBenches } from "../support/measure.ts";
import { globalViews } from "../support/views.ts";

registerBenches([{
  name: "rotate, 224 x 224",
  async setup(gpu) {
    const image = noiseImage(224, 224);
    const checked = uploadViews(gpu, [image], [[{ ...unchangedView(image), rotation: 33 }]]);
    const turned = rotate(
      gpu,
      gpu.upload([1, 224 * 224], packed(image), "pixels"),
      checked.group,
    );
    const expected = rotateOnHost(image, rotationCoefficients(33, 224, 224));
    deepEqual(samplesOf(await gpu.downloadBytes(turned), 3), expected.pixels);

    const { group } = globalViews(gpu);
    const pixels = gpu.empty(pixelShape(group), "pixels", "u32");
    return (recorder) => void rotate(recorder, pixels, group);
  },
}]);
