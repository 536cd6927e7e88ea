// deno bench -A bench/ops/render_views_bench.ts: all that makes the views of 224 pixels.
import { DEFAULT_TRANSFORM_ARGS } from "../../src/views/view_spec.ts";
import { renderViews } from "../../src/ops/render_views.ts";
import { registerBenches } from "../support/measure.ts";
import { globalViews } from "../support/views.ts";

registerBenches([{
  name: "render_views, 500 x 375 to 224 x 224",
  setup(gpu) {
    const { images, levels, group, out } = globalViews(gpu, DEFAULT_TRANSFORM_ARGS);
    const changes = { rotates: false, changesColor: true };
    return Promise.resolve((recorder) =>
      renderViews(recorder, images, levels, group, out, changes)
    );
  },
}]);
