import { deepEqual, throws } from "node:assert/strict";
import { ConfigError } from "../../src/config/config_error.ts";
import { parseArguments } from "../../src/config/parse_arguments.ts";

Deno.test("parseArguments() nests dotted names and reads values as JSON where they are", () => {
  const args = [
    "out=2024",
    "steps=10",
    "optim_args.betas=[0.9, 0.95]",
    "method_args.center_method=softmax",
    "method_args.output_dim=4096",
    "transform_args.color_jitter=null",
    "overwrite=true",
    'model_args={"depth":3}',
    "model_args.num_heads=2",
    "data=a=b",
  ];
  deepEqual(parseArguments(args), {
    out: "2024",
    steps: 10,
    optim_args: { betas: [0.9, 0.95] },
    method_args: { center_method: "softmax", output_dim: 4096 },
    transform_args: { color_jitter: null },
    overwrite: true,
    model_args: { depth: 3, num_heads: 2 },
    data: "a=b",
  });
});

Deno.test("parseArguments() names every argument that it cannot read", () => {
  throws(
    () =>
      parseArguments([
        "train",
        "=3",
        "a..b=1",
        "seed=1",
        "seed=2",
        "a=1",
        "a.b=2",
        "__proto__.x=1",
      ]),
    new ConfigError([
      { key: "train", message: "must have the form key=value, got no equals sign" },
      { key: '"=3"', message: "must be names joined by dots" },
      { key: "a..b", message: "must be names joined by dots" },
      { key: "seed", message: "must be given once, got it twice" },
      { key: "a.b", message: "must not be given beside a=1" },
      { key: "__proto__.x", message: "must be names joined by dots" },
    ]),
  );
});

Deno.test("parseArguments() takes a list for data, and any other text as it is", () => {
  deepEqual(parseArguments(['data=["a","b/c.jpg"]']), { data: ["a", "b/c.jpg"] });
  for (const data of ["2024", "[set]", '{"a":1}']) {
    deepEqual(parseArguments([`data=${data}`]), { data });
  }
  deepEqual(parseArguments(['out=["a"]']), { out: '["a"]' });
});
