import { deepEqual, equal } from "node:assert/strict";
import { listMethods, listModels } from "../../src/config/list_models.ts";
import type { ModelArgs } from "../../src/config/model_args.ts";
import type { ModelConfig } from "../../src/config/model_config.ts";
import { resolveModel } from "../../src/config/model_presets.ts";
import { parameterCount } from "../../src/config/parameter_count.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { ParameterSet } from "../../src/layers/parameter.ts";
import { VisionTransformer } from "../../src/model/vision_transformer.ts";

/** Numbers in the parameters that a backbone really declares. */
function declaredCount(model: ModelConfig): number {
  const set = new ParameterSet();
  new VisionTransformer(model, set);
  return set.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

Deno.test("listModels() counts the parameters that each model declares", () => {
  const models = listModels();
  for (const { name, parameters } of models) {
    equal(parameters, declaredCount(resolveModel(name)), name);
  }
  const counts = Object.fromEntries(models.map(({ name, parameters }) => [name, parameters]));
  equal(counts["dinov2/vittest"], 164_032);
  equal(counts["dinov2/vits14-noreg-notpretrained"], 22_056_576);
});

Deno.test("parameterCount() follows every override", () => {
  const overrides: ModelArgs[] = [
    { ffn_layer: "swiglufused" },
    { init_values: null },
    { in_chans: 1, patch_size: 16, num_register_tokens: 3 },
    { depth: 5, embed_dim: 96, mlp_ratio: 2.5 },
  ];
  for (const args of overrides) {
    const model = resolveModel("dinov2/vittest", args);
    equal(parameterCount(model), declaredCount(model), JSON.stringify(args));
  }
});

Deno.test("listModels() names every model that can be trained", () => {
  const models = listModels();
  deepEqual(models.map(({ name }) => name.slice("dinov2/".length)), [
    "vits14",
    "vits14-noreg",
    "vits14-notpretrained",
    "vits14-noreg-notpretrained",
    "vitb14",
    "vitb14-noreg",
    "vitb14-notpretrained",
    "vitb14-noreg-notpretrained",
    "vitl14",
    "vitl14-noreg",
    "vitl14-notpretrained",
    "vitl14-noreg-notpretrained",
    "vitg14",
    "vitg14-noreg",
    "vitg14-notpretrained",
    "vitg14-noreg-notpretrained",
    "vitl16",
    "vitti14",
    "vittest",
  ]);
  deepEqual(models.filter(({ pretrained }) => pretrained).map(({ name }) => name), [
    "dinov2/vits14",
    "dinov2/vits14-noreg",
    "dinov2/vitb14",
    "dinov2/vitb14-noreg",
    "dinov2/vitl14",
    "dinov2/vitl14-noreg",
    "dinov2/vitg14",
    "dinov2/vitg14-noreg",
  ]);
  deepEqual(models[3], {
    name: "dinov2/vits14-noreg-notpretrained",
    parameters: 22_056_576,
    patchSize: 14,
    embedDim: 384,
    depth: 12,
    numHeads: 6,
    numRegisterTokens: 0,
    pretrained: false,
  });
});

Deno.test("listMethods() names what the setting method takes", () => {
  deepEqual(listMethods(), ["dinov2"]);
});
