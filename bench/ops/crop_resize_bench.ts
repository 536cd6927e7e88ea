// deno bench -A bench/ops/crop_resize_bench.ts: random resized crops of 224 pixels.
import { cropResize as cropResizeOnHost } from "../../src/views/crop_resize.ts";
import { cropResize } from "../../src/ops/crop_resize.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { samplesOf, uploadViews } from "../../tests/support/gpu_views.ts";
import { noiseImage } from "../../tests/support/noise_image.ts";
import { assertSamples } from "../../tests/support/samples.ts";
import { registerBenches } from "../support/measure.ts";
import { globalViews } from "../support/views.ts";

registerBenches([{
  name: "crop_resize, 500 x 375 to 224 x 224",
  async setup(gpu) {
    const image = noiseImage(500, 375);
    const view = { ...unchangedView(image), width: 224, height: 224 };
    const checked = uploadViews(gpu, [image], [[view]]);
    const pixels = cropResize(gpu, checked.images, checked.group);
    const made = samplesOf(await gpu.downloadBytes(pixels), 3);
    assertSamples(made, cropResizeOnHost(image, view.box, view).pixels);

    const { images, group } = globalViews(gpu);
    return (recorder) => void cropResize(recorder, images, group);
  },
}]);
