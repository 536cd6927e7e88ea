// deno bench -A bench/ops/color_jitter_bench.ts: the default recipe's jitter and grey at 224 pixels.
import { colorJitter as colorJitterOnHost } from "../../src/views/color_jitter.ts";
import { colorJitter } from "../../src/ops/color_jitter.ts";
import { pixelShape } from "../../src/ops/view_table.ts";
import { unchangedView } from "../../src/golden/unchanged_view.ts";
import { packed, samplesOf, uploadViews } from "../../tests/support/gpu_views.ts";
import { noiseImage } from "../../tests/support/noise_image.ts";
import { assertSamples } from "../../tests/support/samples.ts";
import { registerBenches } from "../support/measure.ts";
import { globalViews } from "../support/views.ts";

registerBenches([{
  name: "color_jitter, 224 x 224",
  async setup(gpu) {
    const image = noiseImage(224, 224);
    const jitter = { brightness: 1.2, contrast: 0.8, saturation: 1.1, hue: 0.05 };
    const view = { ...unchangedView(image), jitter: { ...jitter, order: [...ORDER] } };
    const { group: one } = uploadViews(gpu, [image], [[view]]);
    const changed = gpu.upload([1, 224 * 224], packed(image), "pixels");
    colorJitter(gpu, changed, one);
    colorJitterOnHost(image, view.jitter);
    assertSamples(samplesOf(await gpu.downloadBytes(changed), 3), image.pixels, { levels: 4 });

    const { group } = globalViews(gpu);
    const pixels = gpu.empty(pixelShape(group), "pixels", "u32");
    return (recorder) => void colorJitter(recorder, pixels, group);
  },
}]);

const ORDER = ["brightness", "contrast", "saturation", "hue"] as const;
