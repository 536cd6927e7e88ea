import { deepEqual } from "node:assert/strict";
import type { ConfigProblem } from "../../src/config/config_error.ts";
import type { Nested } from "../../src/config/nested.ts";
import { parseArguments } from "../../src/config/parse_arguments.ts";

function gives(args: string[], values: Nested, files: string[] = []) {
  deepEqual(parseArguments(args), { files, values, problems: [] });
}

/** Checks that `args` have exactly these problems, each `[key, message]`. */
function refuses(args: string[], ...problems: [key: string, message: string][]) {
  const expected: ConfigProblem[] = problems.map(([key, message]) => ({ key, message }));
  deepEqual(parseArguments(args).problems, expected);
}

Deno.test("parseArguments() nests dotted names and reads values as JSON where they are", () => {
  const args = [
    "out=2024",
    "steps=10",
    "optim_args.betas=[0.9, 0.95]",
    "method_args.center_method=softmax",
    "method_args.output_dim=4096",
    "transform_args.color_jitter=null",
    "overwrite=true",
    "data=a=b",
  ];
  gives(args, {
    out: "2024",
    steps: 10,
    optim_args: { betas: [0.9, 0.95] },
    method_args: { center_method: "softmax", output_dim: 4096 },
    transform_args: { color_jitter: null },
    overwrite: true,
    data: "a=b",
  });
});

Deno.test("parseArguments() adds up a group as JSON and dotted names into it, in any order", () => {
  const merged = { model_args: { depth: 3, num_heads: 2 } };
  gives(['model_args={"depth":3}', "model_args.num_heads=2"], merged);
  gives(["model_args.num_heads=2", 'model_args={"depth":3}'], merged);
  gives(['a={"b":{"c":1,"d":2}}', "a.b.c=3"], { a: { b: { c: 3, d: 2 } } });
  gives(["a.b.c=3", 'a={"b":{"c":1,"d":2}}'], { a: { b: { c: 1, d: 2 } } });
  gives(["a.b=3", "a={}"], { a: { b: 3 } });
});

Deno.test("parseArguments() names files of settings in their order, beside settings", () => {
  gives(["config=a.yaml", "seed=1", "config=b.toml"], { seed: 1 }, ["a.yaml", "b.toml"]);
});

Deno.test("parseArguments() takes what shells and Python make of values", () => {
  gives(['model="dinov2/vittest"', "out='runs/a b'", "data=my images"], {
    model: "dinov2/vittest",
    out: "runs/a b",
    data: "my images",
  });
  gives(["method_args='{\"output_dim\":9}'", 'optim="adamw"'], {
    method_args: { output_dim: 9 },
    optim: "adamw",
  });
  gives(["overwrite=True", "resume_interrupted=False", "steps=None"], {
    overwrite: true,
    resume_interrupted: false,
    steps: null,
  });
});

Deno.test("parseArguments() names every argument that it cannot read", () => {
  const names = "must be names joined by dots";
  refuses(
    ["train", "=3", "a..b=1", "seed=1", "seed=2", "a=1", "a.b=2", "__proto__.x=1", "steps="],
    ["train", "must have the form key=value, got no equals sign"],
    ['"=3"', names],
    ["a..b", names],
    ["seed", "must be given once, got it twice"],
    ["a.b", "must not be given beside a=1"],
    ["__proto__.x", names],
    ["steps", "must have a value, got none; write steps=null for none"],
  );
  refuses(["a.b.c=1", "a.b=2", "a=null"], [
    "a.b",
    'must not be given beside a.b={"c":1}',
  ], ["a", 'must not be given beside a={"b":{"c":1}}']);
  refuses(
    ["--batch_size=4", "--overwrite"],
    ["--batch_size", "must be written without dashes; write batch_size=4"],
    ["--overwrite", "must be written without dashes; write overwrite=value"],
  );
  const reason = "Expected property name or '}' in JSON at position 1 (line 1 column 2)";
  refuses(["model_args={depth:3}"], [
    "model_args",
    `must be JSON, got {depth:3} (${reason}); put quotes around the argument`,
  ]);
});

Deno.test("parseArguments() takes a list for data, and any other text as it is", () => {
  gives(['data=["a","b/c.jpg"]'], { data: ["a", "b/c.jpg"] });
  for (const data of ["2024", "[set]", '{"a":1}', "null"]) gives([`data=${data}`], { data });
  gives(['out=["a"]'], { out: '["a"]' });
  gives(["checkpoint=null", "cache_disk=7"], { checkpoint: null, cache_disk: "7" });
});
