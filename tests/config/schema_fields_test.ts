import { deepEqual, equal } from "node:assert/strict";
import { schemaFields } from "../../src/config/schema_fields.ts";
import { TrainConfig } from "../../src/config/train_config.ts";

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
