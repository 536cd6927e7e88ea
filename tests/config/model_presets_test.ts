import { deepEqual, equal, throws } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { MODEL_NAMES, publishedName, resolveModel } from "../../src/config/model_presets.ts";

Deno.test("resolveModel() knows the published shapes", () => {
  const shapes = MODEL_NAMES.map((name) => {
    const { embedDim, depth, numHeads, patchSize, imgSize, ffnHidden } = resolveModel(name);
    return [name, embedDim, depth, numHeads, patchSize, imgSize, ffnHidden];
  });
  deepEqual(shapes, [
    ["dinov2/vits14", 384, 12, 6, 14, 518, 1536],
    ["dinov2/vitb14", 768, 12, 12, 14, 518, 3072],
    ["dinov2/vitl14", 1024, 24, 16, 14, 518, 4096],
    ["dinov2/vitg14", 1536, 40, 24, 14, 518, 4096],
    ["dinov2/vitl16", 1024, 24, 16, 16, 224, 4096],
    ["dinov2/vitti14", 192, 12, 3, 14, 224, 768],
    ["dinov2/vittest", 64, 3, 2, 8, 32, 256],
  ]);
});

Deno.test("resolveModel() gives published architectures registers unless told otherwise", () => {
  const registers = resolveModel("dinov2/vitb14-notpretrained");
  deepEqual(
    [registers.numRegisterTokens, registers.interpolateOffset, registers.interpolateAntialias],
    [4, 0, true],
  );
  const noRegisters = ["-noreg-notpretrained", "-notpretrained-noreg", "_noreg_notpretrained"];
  for (const suffix of noRegisters) {
    const plain = resolveModel(`dinov2/vitb14${suffix}`);
    deepEqual(
      [plain.numRegisterTokens, plain.interpolateOffset, plain.interpolateAntialias],
      [0, 0.1, false],
    );
  }
  equal(resolveModel("dinov2/vittest", { num_register_tokens: 2 }).numRegisterTokens, 2);
});

Deno.test("resolveModel() applies overrides", () => {
  const model = resolveModel("dinov2/vits14-notpretrained", {
    patch_size: 16,
    embed_dim: 96,
    num_heads: 3,
    mlp_ratio: 2,
    ffn_layer: "swiglufused",
    init_values: null,
    drop_path_rate: 0.1,
  });
  equal(model.imgSize, 512); // the whole patches of 16 that fit into the preset's 518
  equal(model.ffnHidden, 128);
  equal(model.layerScaleInit, null);
  equal(model.dropPathRate, 0.1);
});

Deno.test("resolveModel() takes _ for -, exact case, and no suffix twice", () => {
  const { name, ...shape } = resolveModel("dinov2/vits14_notpretrained");
  equal(name, "dinov2/vits14_notpretrained");
  deepEqual({ ...shape, name: "" }, { ...resolveModel(MODEL_NAMES[0]), name: "" });
  const refused = [
    ["dinov2/ViTS14-notpretrained", "dinov2/vits14-notpretrained"],
    ["dinov2/vits14-noreg-noreg-notpretrained", "dinov2/vits14-noreg-notpretrained"],
    ["dinov2/vits14-pretrained-notpretrained", "dinov2/vits14-noreg-notpretrained"],
    ["dinov2/vits14_noregs_notpretrained", "dinov2/vits14-noreg-notpretrained"],
    ["vits14-notpretrained", "dinov2/vits14-notpretrained"],
  ];
  for (const [given, near] of refused) {
    throws(() => resolveModel(given), (error: Error) => {
      equal(error.message.split("; ").at(-1), `did you mean ${near}?`);
      return true;
    });
  }
});

Deno.test("publishedName() tells the weights that a model name means", () => {
  const names: [string, string | undefined][] = [
    ["vits14", "vits14_reg4"],
    ["vits14-pretrained", "vits14_reg4"],
    ["vits14_noreg", "vits14"],
    ["vitg14-noreg-pretrained", "vitg14"],
    ["vitl14-pretrained_noreg", "vitl14"],
    ["vits14-notpretrained", undefined],
    ["vits14-noreg-notpretrained", undefined],
    ["vitti14", undefined],
  ];
  for (const [given, weights] of names) equal(publishedName(`dinov2/${given}`), weights);
  const { name: _, ...pretrained } = resolveModel("dinov2/vits14");
  const { name: __, ...random } = resolveModel("dinov2/vits14-notpretrained");
  deepEqual(pretrained, random);
});

Deno.test("resolveModel() says where there are no published weights", () => {
  const message = "must not end in -pretrained, for there are no published weights of it, " +
    'got "dinov2/vitti14-pretrained"; write dinov2/vitti14';
  throws(
    () => resolveModel("dinov2/vitti14-pretrained"),
    new ConfigError([{ key: "model", message }]),
  );
});

Deno.test("resolveModel() says what is wrong with a model", () => {
  const refuses = (
    name: string,
    args: Parameters<typeof resolveModel>[1],
    key: string,
    message: string,
  ) => throws(() => resolveModel(name, args), new ConfigError([{ key, message }]));
  const known = MODEL_NAMES.join(", ");
  refuses(
    "dinov2/vitts14-notpretrained",
    {},
    "model",
    `must be one of ${known}, got "dinov2/vitts14-notpretrained"; ` +
      "did you mean dinov2/vits14-notpretrained?",
  );
  refuses("resnet50", {}, "model", `must be one of ${known}, got "resnet50"`);
  const name = "dinov2/vittest";
  refuses(
    name,
    { num_heads: 5 },
    "model_args.embed_dim",
    "must be a multiple of num_heads 5, got 64",
  );
  refuses(
    name,
    { img_size: 33 },
    "model_args.img_size",
    "must be a multiple of patch_size 8, got 33",
  );
  refuses(
    name,
    { mlp_ratio: 0.001 },
    "model_args.mlp_ratio",
    "must leave the feed-forward layers of embed_dim 64 a width, got 0.001; raise it",
  );
  refuses(
    name,
    { embed_dim: 512 },
    "model_args.num_heads",
    "must be at least 4 for embed_dim 512, so that a head is at most 128 wide, got 2",
  );
});
