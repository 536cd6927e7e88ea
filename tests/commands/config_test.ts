import { deepEqual, equal, match } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { runWith } from "../support/run_program.ts";

const SETTINGS = ["out=runs/a", "data=photos", "model=dinov2/vittest"];

Deno.test("config prints every setting, as YAML or what is asked for", async () => {
  const yaml = await runWith(["config", ...SETTINGS]);
  equal(yaml.code, 0);
  match(yaml.out, /^out: runs\/a\ndata: photos\nmodel: dinov2\/vittest\n/);
  match((await runWith(["config", ...SETTINGS, "--format", "toml"])).out, /^out = "runs\/a"\n/);
  const json = await runWith(["config", ...SETTINGS, "--json"]);
  const expected = resolveConfig({ out: "runs/a", data: "photos", model: "dinov2/vittest" });
  deepEqual(JSON.parse(json.out), JSON.parse(JSON.stringify(expected)));
});

Deno.test("config writes a file to start from, never over another", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/run.yaml`;
    const args = ["config", "--starter", "yaml", "--out", file];
    deepEqual(await runWith(args), { code: 0, out: `${file}\n`, err: "" });
    match(await Deno.readTextFile(file), /^out: ""$/m);
    const { code, err } = await runWith(args);
    equal(code, 2);
    equal(err, `Error: Cannot write ${file}: it must be a new file, got one; name another\n`);
    // What was written is read again.
    const read = await runWith(["config", `config=${file}`, ...SETTINGS, "--json"]);
    equal(JSON.parse(read.out).model, "dinov2/vittest");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("config writes either a file to start from or a run's settings", async () => {
  const { code, err } = await runWith(["config", "--starter", "toml", "seed=1"]);
  equal(code, 2);
  equal(
    err,
    "Error: Cannot write a starter file: it must be asked for without settings, got seed=1; " +
      "leave out one of the two\n",
  );
});

Deno.test("list_models and list_methods list, by either spelling", async () => {
  for (const name of ["list_models", "list-models"]) {
    match((await runWith([name])).out, /^dinov2\/vits14-notpretrained +22\.1 M +384 /m);
  }
  deepEqual(JSON.parse((await runWith(["list_methods", "--json"])).out), ["dinov2"]);
  equal((await runWith(["list-methods"])).out, "dinov2\n");
});
