import { deepEqual } from "node:assert/strict";
import { officialPlaces } from "../../src/weights/official_names.ts";

Deno.test("officialPlaces() finds a backbone under any prefix, and leaves the rest alone", () => {
  for (const prefix of ["", "teacher.", "model.backbone.", "module.student.backbone."]) {
    const names = ["cls_token", "patch_embed.proj.weight", "blocks.3.ls1.gamma", "norm.bias"];
    const { places, others } = officialPlaces([...names.map((name) => prefix + name)]);
    deepEqual([...places.keys()], names);
    deepEqual(places.get("norm.bias"), [`${prefix}norm.bias`]);
    deepEqual(others, []);
  }
  const both = ["student", "teacher"].flatMap((network) => [
    `${network}.backbone.patch_embed.proj.weight`,
    `${network}.dino_head.mlp.0.weight`,
  ]);
  const taken = (which?: "student") => [...officialPlaces(both, which).places.values()].flat();
  deepEqual(taken(), ["teacher.backbone.patch_embed.proj.weight"]);
  deepEqual(taken("student"), ["student.backbone.patch_embed.proj.weight"]);
  deepEqual(officialPlaces(both).others.length, 3);
  deepEqual(officialPlaces(["fc.weight"]), {
    places: new Map(),
    embed: new Map(),
    others: ["fc.weight"],
  });
});

Deno.test("officialPlaces() numbers chunked blocks through", () => {
  const { places } = officialPlaces([
    "patch_embed.proj.weight",
    "blocks.0.0.norm1.weight",
    "blocks.1.7.mlp.fc1.bias",
    "blocks.5.mlp.fc1.bias",
  ]);
  deepEqual([...places.keys()].slice(1), [
    "blocks.0.norm1.weight",
    "blocks.7.mlp.fc1.bias",
    "blocks.5.mlp.fc1.bias",
  ]);
});

Deno.test("officialPlaces() translates Hugging Face's names and joins query, key and value", () => {
  const attention = ["query", "key", "value"].map((part) =>
    `dinov2.encoder.layer.2.attention.attention.${part}.weight`
  );
  const { places, others } = officialPlaces([
    "dinov2.embeddings.cls_token",
    "dinov2.embeddings.position_embeddings",
    "dinov2.embeddings.patch_embeddings.projection.weight",
    "dinov2.encoder.layer.2.attention.output.dense.bias",
    "dinov2.encoder.layer.2.layer_scale2.lambda1",
    "dinov2.encoder.layer.2.mlp.weights_in.weight",
    "dinov2.encoder.layer.2.mlp.fc2.weight",
    "dinov2.encoder.layer.2.norm1.weight",
    "dinov2.layernorm.bias",
    ...attention,
    "classifier.weight",
  ]);
  deepEqual([...places.keys()], [
    "cls_token",
    "pos_embed",
    "patch_embed.proj.weight",
    "blocks.2.attn.proj.bias",
    "blocks.2.ls2.gamma",
    "blocks.2.mlp.w12.weight",
    "blocks.2.mlp.fc2.weight",
    "blocks.2.norm1.weight",
    "norm.bias",
    "blocks.2.attn.qkv.weight",
  ]);
  deepEqual(places.get("blocks.2.attn.qkv.weight"), attention);
  deepEqual(others, ["classifier.weight"]);
});

Deno.test("officialPlaces() knows the layer on top, of the same network alone", () => {
  const anchor = "backbone.patch_embed.proj.weight";
  const names = ["student", "teacher"].flatMap((network) =>
    [anchor, "embed.weight", "embed.bias"].map((name) => `${network}.${name}`)
  );
  for (const which of ["student", "teacher"] as const) {
    const { places, embed, others } = officialPlaces(names, which);
    deepEqual([...places.keys()], ["patch_embed.proj.weight"]);
    deepEqual([...embed.values()].flat(), [`${which}.embed.weight`, `${which}.embed.bias`]);
    deepEqual(others.length, 3);
  }
  const exported = officialPlaces(["patch_embed.proj.weight", "embed.weight"]);
  deepEqual([...exported.places.keys()], ["patch_embed.proj.weight"]);
  deepEqual([...exported.embed.keys()], ["embed.weight"]);
});
