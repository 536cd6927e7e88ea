import { deepEqual, equal } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { schemaFields } from "../../src/config/schema_fields.ts";
import { TrainConfig } from "../../src/config/train_config.ts";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));

/** What the schema itself takes only one value for, so that nothing is left to read. */
const SINGLE_VALUED = new Set(["method_args.batch_norm"]);

Deno.test("schemaFields() lists every setting with its default", () => {
  const fields = new Map(schemaFields(TrainConfig).map((field) => [field.path, field]));
  equal(fields.get("out")?.defaultText, undefined);
  equal(fields.get("batch_size")?.defaultText, "128");
  equal(fields.get("method_args.center_method")?.defaultText, '"softmax"');
  equal(fields.get("transform_args.local_view.view_size")?.defaultText, "[98,98]");
  equal(fields.get("transform_args.local_view.gaussian_blur.prob")?.defaultText, "0.5");
  equal(fields.get("model_args.depth")?.defaultText, "the preset's");
});

Deno.test("every setting has a description", () => {
  const silent = schemaFields(TrainConfig).filter(({ description }) => description === "");
  deepEqual(silent.map(({ path }) => path), []);
});

Deno.test("every setting is read by some source file outside the schemas", () => {
  // The schemas declare; presets, arguments and checks of src/config read as any other file does.
  const declares = /^config\/(\w+_args|train_config)\.ts$/;
  const text = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !declares.test(path.replaceAll("\\", "/")))
    .map((path) => readFileSync(SOURCE + path, "utf8"))
    .join("\n");
  const unread = schemaFields(TrainConfig)
    .filter(({ path }) => !SINGLE_VALUED.has(path))
    .filter(({ path }) => !new RegExp(`\\b${path.split(".").at(-1)}\\b`).test(text));
  deepEqual(unread.map(({ path }) => path), []);
});
