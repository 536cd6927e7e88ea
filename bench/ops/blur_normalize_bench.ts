// deno bench -A bench/ops/blur_normalize_bench.ts: views of 224 pixels, every first one blurred.
import { blurKernelSize } from "../../src/views/gaussian_blur.ts";
import { blurNormalize } from "../../src/ops/blur_normalize.ts";
import { pixelShape } from "../../src/ops/view_table.ts";
import { blurReference } from "../../tests/reference/gaussian_blur.ts";
import { assertAllClose } from "../../tests/support/arrays.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { packed, uploadViews } from "../../tests/support/gpu_views.ts";
import { noiseImage } from "../../tests/support/noise_image.ts";
import { registerBenches } from "../support/measure.ts";
import { globalViews } from "../support/views.ts";

registerBenches([{
  name: "blur_normalize, 224 x 224",
  async setup(gpu) {
    const image = noiseImage(70, 9, 0, 1);
    const blur = { sigma: 1.5, kernelSize: blurKernelSize(1.5) };
    const checked = uploadViews(gpu, [image], [[{ ...unchangedView(image), blur }]]);
    const one = gpu.upload([1, 70 * 9], packed(image), "pixels");
    blurNormalize(gpu, one, checked.levels, checked.group, checked.out);
    const expected = blurReference(image, 1.5, blur.kernelSize);
    assertAllClose(await gpu.download(checked.out), expected, { rtol: 0, atol: 0.501 });

    const { levels, group, out } = globalViews(gpu);
    const pixels = gpu.empty(pixelShape(group), "pixels", "u32");
    return (recorder) => blurNormalize(recorder, pixels, levels, group, out);
  },
}]);
