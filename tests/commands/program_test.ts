import { deepEqual, equal, match } from "node:assert/strict";
import { runProgram } from "../../src/commands/program.ts";
import type { TrainConfig } from "../../src/config/train_config.ts";
import { DataError } from "../../src/images/errors.ts";
import { TrainingError } from "../../src/training/metrics.ts";

/** Runs the program with actions that only note what they were asked for. */
async function run(args: string[], fail?: Error, finished = true) {
  const calls: string[] = [];
  let configured: TrainConfig | undefined;
  let [out, err] = ["", ""];
  const note = (name: string) => (config: TrainConfig) => {
    calls.push(name);
    configured = config;
    return fail === undefined ? Promise.resolve() : Promise.reject(fail);
  };
  const golden = (folders: string[]) => {
    calls.push(`golden ${folders.join(" ")}`);
    return Promise.resolve(folders.includes("bad") ? 2 : 0);
  };
  const train = (config: TrainConfig) => note("train")(config).then(() => finished);
  const checkData = async (config: TrainConfig, { json }: { json?: boolean }) => {
    await note(json ? "checkData as JSON" : "checkData")(config);
    return config.data !== "bad";
  };
  const actions = { train, plan: note("plan"), preview: note("preview"), checkData, golden };
  const code = await runProgram(actions, args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { code, calls, config: configured, out, err };
}

Deno.test("train gets a checked configuration", async () => {
  const { code, calls, config } = await run([
    "train",
    "out=runs/a",
    "data=photos",
    "model=dinov2/vittest",
    "method_args.output_dim=4096",
  ]);
  deepEqual([code, calls], [0, ["train"]]);
  equal(config?.method_args.output_dim, 4096);
});

Deno.test("a run that Ctrl-C ended is exit code 130, as other programs do", async () => {
  const args = ["train", "out=a", "data=b", "model=dinov2/vittest"];
  equal((await run(args, undefined, false)).code, 130);
});

Deno.test("plan needs neither out nor data", async () => {
  const { code, config } = await run([
    "plan",
    "model=dinov2/vitg14-notpretrained",
    "batch_size=32",
  ]);
  deepEqual([code, config?.batch_size], [0, 32]);
});

Deno.test("check-data needs data alone, and fails where the data is of no use", async () => {
  const { code, calls, config } = await run(["check-data", 'data=["a","b.png"]', "--json"]);
  deepEqual([code, calls, config?.data], [0, ["checkData as JSON"], ["a", "b.png"]]);
  deepEqual((await run(["check-data", "data=a"])).calls, ["checkData"]);
  equal((await run(["check-data", "data=bad"])).code, 1);
  const { code: usage, err } = await run(["check-data"]);
  deepEqual([usage, /data: is required; write data=/.test(err)], [2, true]);
});

Deno.test("preview needs data and a PNG file to write", async () => {
  const { code, calls, config } = await run(["preview", "data=a", "out=b/c.PNG", "seed=3"]);
  deepEqual([code, calls, config?.out, config?.seed], [0, ["preview"], "b/c.PNG", 3]);
  deepEqual(config?.transform_args.image_size, [224, 224]);
  const folder = await run(["preview", "data=a", "out=runs/b"]);
  deepEqual([folder.code, folder.calls], [2, []]);
  equal(
    folder.err,
    "Error: Found 1 problem in the configuration\n" +
      '  out: must be a file that ends in .png, got "runs/b"; write out=preview.png',
  );
  equal(
    (await run(["preview"])).err,
    "Error: Found 2 problems in the configuration\n" +
      "  out: is required; write out=...\n" +
      "  data: is required; write data=...",
  );
});

Deno.test("golden fails if a quantity fails", async () => {
  deepEqual(await run(["golden", "a", "b"]).then(({ code, calls }) => [code, calls]), [
    0,
    ["golden a b"],
  ]);
  equal((await run(["golden", "a", "bad"])).code, 1);
});

Deno.test("a configuration that cannot be used is one message and exit code 2", async () => {
  const { code, calls, err } = await run(["train", "out=a", "data=b", "modle=dinov2/vittest"]);
  deepEqual([code, calls], [2, []]);
  equal(
    err,
    "Error: Found 2 problems in the configuration\n" +
      "  model: is required; write model=...\n" +
      '  modle: is not a setting, got "dinov2/vittest"; did you mean model?',
  );
});

Deno.test("a failure while running is one message and exit code 1", async () => {
  const fail = new DataError("Cannot find images: no folder");
  const { code, err } = await run(["plan", "model=dinov2/vittest"], fail);
  deepEqual([code, err], [1, "Error: Cannot find images: no folder"]);
});

Deno.test("a loss that is not finite is one message and exit code 1", async () => {
  const fail = new TrainingError("Cannot go on training: ibot must be finite, got NaN in step 3");
  const { code, err } = await run(["train", "out=a", "data=b", "model=dinov2/vittest"], fail);
  deepEqual([code, err], [1, `Error: ${fail.message}`]);
});

Deno.test("a mistake of the program itself keeps its stack", async () => {
  const { code, err } = await run(["plan", "model=dinov2/vittest"], new TypeError("oops"));
  equal(code, 1);
  match(err, /^TypeError: oops\n +at /);
});

Deno.test("an unknown command is answered with the nearest one", async () => {
  const { code, err } = await run(["trian"]);
  equal(code, 2);
  match(err, /unknown command 'trian'\n\(Did you mean train\?\)/);
});

Deno.test("help shows examples and every setting", async () => {
  const general = await run(["--help"]);
  equal(general.code, 0);
  match(general.out, /Examples:\n {2}deno run -A cli.ts train out=runs\/first/);
  const train = await run(["train", "--help"]);
  match(train.out, /method_args\.output_dim\n {6}Prototypes of a head's last layer \(65536\)/);
});
