import { deepEqual, equal, rejects } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { ConfigError } from "../../src/config/config_error.ts";
import { gatherSettings, resolveSettings } from "../../src/config/given_settings.ts";
import { withFolder } from "../support/folders.ts";

/** Runs `work` with the paths of files of these texts. */
async function withFiles(
  files: Record<string, string>,
  work: (path: (name: string) => string) => Promise<void>,
) {
  await withFolder(async (folder) => {
    const path = (name: string) => `${folder}/${name}`;
    for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
    await work(path);
  });
}

async function refuses(args: string[], ...lines: string[]) {
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  await rejects(async () => resolveSettings(await gatherSettings(args)), (error: Error) => {
    equal(error.message, [`Found ${count} in the configuration`, ...lines].join("\n  "));
    return error instanceof ConfigError;
  });
}

const RUN = "out: a\ndata: photos\nmodel: dinov2/vittest\n";

Deno.test("gatherSettings() lays files over a base, arguments over them, flags over all", () =>
  withFiles({
    "a.yaml": "seed: 1\nsteps: 1\noptim_args: { lr: 1, eps: 1 }\n",
    "b.json": '{"steps": 2, "optim_args": {"lr": 2}, "model_args": {"depth": 2}}',
  }, async (path) => {
    const base = { seed: 0, data: "-", model_args: { num_heads: 1 } };
    const args = ["steps=3", `config=${path("a.yaml")}`, "model_args.depth=3"];
    const { values } = await gatherSettings([...args, `config=${path("b.json")}`], base, {
      out: "f",
    });
    deepEqual(values, {
      seed: 1,
      data: "-",
      out: "f",
      steps: 3,
      optim_args: { lr: 2, eps: 1 },
      model_args: { num_heads: 1, depth: 3 },
    });
  }));

Deno.test("gatherSettings() lets the length of a run that is given last replace the other", () =>
  withFiles({ "a.yaml": "epochs: 100\n", "b.yaml": "epochs: 2\nsteps: 3\n" }, async (path) => {
    const valuesOf = async (...args: string[]) => (await gatherSettings(args)).values;
    const [a, b] = [`config=${path("a.yaml")}`, `config=${path("b.yaml")}`];
    deepEqual(await valuesOf(a, "steps=5"), { steps: 5 });
    deepEqual(await valuesOf(b, a), { epochs: 100 });
    deepEqual(await valuesOf(a, b), { epochs: 2, steps: 3 }); // a contradiction of its own
  }));

Deno.test("resolveSettings() names the file that a wrong setting was read from", () =>
  withFiles({
    "run.yaml": `${RUN}batch_size: 0\nsteps: ten\noptim_args: { lr: -1, betas: [0.9, 2] }\n` +
      "batchsize: 3\nmodel_args: { depth: 3 }\nloggers: {}\ncallbacks: { mode: 1 }\n",
    "more.toml": "seed = -1\n",
  }, async (path) => {
    const [run, more] = [path("run.yaml"), path("more.toml")];
    await refuses(
      [`config=${run}`, `config=${more}`, "optim_args.lr=-2", "steps=-1", "model_args.depth=0"],
      "steps: must be at least 0, got -1",
      `batch_size: must be at least 1, got 0 (in ${run})`,
      `seed: must be at least 0, got -1 (in ${more})`,
      "model_args.depth: must be at least 1, got 0",
      "optim_args.lr: must be more than 0, got -2",
      `optim_args.betas.1: must be less than 1, got 2 (in ${run})`,
      "callbacks.mode: is not a setting, got 1; did you mean callbacks.model_checkpoint.mode " +
        `or callbacks.early_stopping.mode? (in ${run})`,
      `batchsize: is not a setting, got 3; did you mean batch_size? (in ${run})`,
    );
  }));

Deno.test("resolveSettings() reports arguments, files and settings together", () =>
  withFiles({ "broken.yaml": "a: 1\na: 2\n" }, async (path) => {
    await refuses(
      ["seed=1", "seed=2", "batch_size=0", "--steps=3", `config=${path("broken.yaml")}`],
      "seed: must be given once, got it twice",
      "--steps: must be written without dashes; write steps=3",
      `${path("broken.yaml")}: line 2, column 1: Map keys must be unique`,
      "batch_size: must be at least 1, got 0",
    );
    await refuses(
      ["data", "out=a", "seed=-1"],
      "data: must have the form key=value, got no equals sign",
      "model: is required; write model=...",
      "seed: must be at least 0, got -1",
    );
  }));

Deno.test("resolveSettings() gives the same configuration from a file as from arguments", () =>
  withFiles({ "run.yaml": `${RUN}transform_args.color_jitter: null\n` }, async (path) => {
    const fromFile = resolveSettings(await gatherSettings([`config=${path("run.yaml")}`]));
    const args = ["out=a", "data=photos", "model=dinov2/vittest"];
    const jitter = "transform_args.color_jitter=null";
    deepEqual(fromFile, resolveSettings(await gatherSettings([...args, jitter])));
  }));
