import { deepEqual, equal } from "node:assert/strict";
import { DEFAULT_TRANSFORM_ARGS, viewSpecs } from "../../src/views/view_spec.ts";

Deno.test("viewSpecs() lets the second and the local views differ as asked", () => {
  const { globals: [first, second], locals } = viewSpecs(DEFAULT_TRANSFORM_ARGS);
  equal(locals.length, 8);
  deepEqual([first.size, second.size, locals[0].size], [[224, 224], [224, 224], [98, 98]]);
  deepEqual(
    [first, second, locals[0]].map((spec) => spec.gaussian_blur?.prob),
    [1, 0.1, 0.5],
  );
  deepEqual([first, second, locals[0]].map((spec) => spec.solarize?.prob), [
    undefined,
    0.2,
    undefined,
  ]);
  deepEqual(locals[0].random_resize, { min_scale: 0.05, max_scale: 0.32 });
  deepEqual(viewSpecs({ ...DEFAULT_TRANSFORM_ARGS, local_view: null }).locals, []);
  const { globals } = viewSpecs({ ...DEFAULT_TRANSFORM_ARGS, global_view_1: null });
  deepEqual(globals[0], globals[1]);
});
