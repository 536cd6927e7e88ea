import { deepEqual, equal } from "node:assert/strict";
import { DINOv2Args } from "../../../src/config/method_args.ts";
import { resolveModel } from "../../../src/config/model_presets.ts";
import { Network } from "../../../src/model/student_teacher.ts";
import { parameterRows, parameterTable } from "../../../src/training/observers/parameter_table.ts";

const method = DINOv2Args.parse({
  hidden_dim: 32,
  dino_bottleneck_dim: 16,
  output_dim: 64,
  ibot_separate_head: true,
  ibot_bottleneck_dim: 16,
});

Deno.test("parameterTable() shows where the learning rate differs, and what decays", () => {
  const model = resolveModel("dinov2/vittest", { depth: 2 });
  const rows = parameterRows(new Network(model, method, 48).set.parameters, 2, method);
  equal(
    parameterTable(rows, 0.001),
    `
  group                 parameters  decayed  lr factor  lr at peak      frozen
  tokens, positions           1216     1216     0.7290     7.29e-4
  patch embedding            12352    12288     0.1458     1.46e-4
  block 0                    50112    49152     0.8100     8.10e-4
  block 1                    50112    49152     0.9000     9.00e-4
  final norm                   128        0      1.000     1.00e-3
  embed                       3120     3072      1.000     1.00e-3
  dino_head                   3152     3072      1.000     1.00e-3
  dino_head last layer        1088     1088      1.000     1.00e-3  1250 steps
  ibot_head                   3152     3072      1.000     1.00e-3
  ibot_head last layer        1088     1088      1.000     1.00e-3  1250 steps`.slice(1),
  );
});

Deno.test("parameterRows() counts every parameter once", () => {
  const model = resolveModel("dinov2/vits14-notpretrained");
  const { parameters } = new Network(model, method, null).set;
  const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const rows = parameterRows(parameters, model.depth, method);
  equal(rows.reduce((sum, row) => sum + row.parameters, 0), count);
  deepEqual(rows.filter(({ group }) => group.startsWith("block")).length, 12);
});
