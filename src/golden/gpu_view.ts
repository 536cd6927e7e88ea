import type { ViewParams } from "../views/draw_view.ts";
import { normalizedLevels } from "../views/normalize.ts";
import type { Raster } from "../images/raster.ts";
import { placeImage, recordWords, TAP_WORDS, viewRecords } from "../views/view_table.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { renderViews } from "../ops/render_views.ts";

/** Makes one view of one image with the kernels of training. */
export async function renderOnGpu(
  gpu: Gpu,
  image: Raster,
  params: ViewParams,
): Promise<Float32Array> {
  const { width, height, keep, blur } = params;
  const sigma = blur?.sigma ?? 0;
  const words = recordWords([{
    gaussian_blur: { prob: 1, sigmas: [sigma, sigma], blur_limit: blur?.kernelSize ?? 0 },
  }]);
  const { table, taps } = viewRecords(image, [params], words);
  placeImage(table, 0, words, 0);
  const levels = normalizedLevels(params.normalize, image.channels);
  const bytes = new Uint8Array(Math.ceil(image.pixels.length / 4) * 4);
  bytes.set(image.pixels);
  const group = {
    table: gpu.upload([1, words], table, "view_table"),
    taps: gpu.upload([1, width + height, TAP_WORDS], taps, "view_taps"),
    images: 1,
    views: 1,
    size: [height, width],
    channels: image.channels,
    kept: keep.length,
  } as const;
  const out = gpu.empty([1, keep.length, height, width], "views", "f32");
  const changes = { rotates: params.rotation !== null, changesColor: true };
  const images = gpu.upload([bytes.length / 4], new Uint32Array(bytes.buffer), "images");
  renderViews(
    gpu,
    images,
    gpu.upload([levels.length / 256, 256], levels, "levels"),
    group,
    out,
    changes,
  );
  return await gpu.download(out);
}
