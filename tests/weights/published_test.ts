import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ALL_MODEL_NAMES, resolveModel } from "../../src/config/model_presets.ts";
import { parameterCount } from "../../src/config/parameter_count.ts";
import { publishedWeights } from "../../src/weights/published.ts";

const MEANT = ALL_MODEL_NAMES.map((name) => publishedWeights(name)).filter((each) => !!each);

Deno.test("publishedWeights() knows Meta's eight files", () => {
  deepEqual(MEANT.map(({ model, path }) => [model, path]), [
    ["dinov2/vits14", "dinov2_vits14/dinov2_vits14_reg4_pretrain.pth"],
    ["dinov2/vits14-noreg", "dinov2_vits14/dinov2_vits14_pretrain.pth"],
    ["dinov2/vitb14", "dinov2_vitb14/dinov2_vitb14_reg4_pretrain.pth"],
    ["dinov2/vitb14-noreg", "dinov2_vitb14/dinov2_vitb14_pretrain.pth"],
    ["dinov2/vitl14", "dinov2_vitl14/dinov2_vitl14_reg4_pretrain.pth"],
    ["dinov2/vitl14-noreg", "dinov2_vitl14/dinov2_vitl14_pretrain.pth"],
    ["dinov2/vitg14", "dinov2_vitg14/dinov2_vitg14_reg4_pretrain.pth"],
    ["dinov2/vitg14-noreg", "dinov2_vitg14/dinov2_vitg14_pretrain.pth"],
  ]);
  equal(new Set(MEANT.map(({ sha256 }) => sha256)).size, 8);
  for (const { sha256 } of MEANT) match(sha256, /^[\da-f]{64}$/);
});

Deno.test("publishedWeights() knows sizes that fit the models: float32, and a little more", () => {
  for (const { model, sizeBytes } of MEANT) {
    const rest = sizeBytes - 4 * parameterCount(resolveModel(model));
    ok(rest > 0 && rest < 200_000, `${model}: ${rest} bytes beside its numbers`);
  }
});
