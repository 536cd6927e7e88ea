import { deepEqual, equal, match, ok } from "node:assert/strict";
import { EXIT } from "../../src/commands/command_line.ts";
import { type Actions, buildProgram } from "../../src/commands/program.ts";
import type { TrainConfig } from "../../src/config/train_config.ts";
import { DataError } from "../../src/images/errors.ts";
import type { DataReport } from "../../src/images/check_images.ts";
import { TrainingError } from "../../src/training/metrics.ts";
import type { PlanReport } from "../../src/training/plan_report.ts";
import { VERSION } from "../../src/version.ts";
import { recordedContext, runWith } from "../support/run_program.ts";

const RUN = ["train", "out=runs/a", "data=photos", "model=dinov2/vittest"];

const PLAN: PlanReport = {
  model: "dinov2/vittest",
  batchSize: 8,
  precision: "16-mixed",
  adapter: "a GPU",
  phases: [{
    phase: "begin",
    dispatches: 1,
    flops: 2e9,
    bytes: 3e6,
    kernels: [{ kernel: "fill.store", dispatches: 1, workgroups: 4, flops: 2e9, bytes: 3e6 }],
  }],
  memory: { values: 2 ** 21, images: 2 ** 20 },
  totalBytes: 3 * 2 ** 20,
  peakActivationBytes: 2 ** 19,
  largestBuffer: { label: "values.0", kind: "values", bytes: 2 ** 21 },
  flops: 2e9,
  flopsPerImage: 2.5e8,
  refusal: null,
  paper: null,
};

const DATA: DataReport = {
  images: 2,
  formats: { PNG: 2 },
  width: null,
  height: null,
  decodedBytes: null,
  totalDecodedBytes: 0,
  totalFileBytes: 0,
  threads: 1,
  decodedPerSecondAndThread: 1,
  imagesPerSecond: 1,
  unreadable: [],
  problems: [],
  duplicates: [],
};

/** Runs the program with actions that only note what they were asked for. */
async function run(args: string[], given: Actions = {}) {
  const calls: string[] = [];
  let configured: TrainConfig | undefined;
  const note = <Found>(name: string, found: Found) => (config: TrainConfig) => {
    calls.push(name);
    configured = config;
    return Promise.resolve(found);
  };
  const golden = (folders: readonly string[]) => {
    calls.push(`golden ${folders.join(" ")}`);
    return Promise.resolve(folders.includes("bad") ? 2 : 0);
  };
  const preview = { out: "p.png", images: 8, batchSize: 9, views: 10, skipped: [] };
  const actions: Actions = {
    train: note("train", EXIT.ok),
    plan: note("plan", PLAN),
    preview: note("preview", preview),
    checkData: note("checkData", DATA),
    golden,
    ...given,
  };
  return { ...await runWith(args, actions), calls, config: configured };
}

const failing = (error: Error) => () => Promise.reject(error);

Deno.test("train gets a checked configuration, under either of its names", async () => {
  for (const name of ["train", "pretrain"]) {
    const args = [name, ...RUN.slice(1), "method_args.output_dim=4096"];
    const { code, calls, config } = await run(args);
    deepEqual([code, calls], [0, ["train"]]);
    equal(config?.method_args.output_dim, 4096);
  }
});

Deno.test("a run that Ctrl-C ended is exit code 130, as other programs do", async () => {
  equal((await run(RUN, { train: () => Promise.resolve(EXIT.interrupted) })).code, 130);
});

Deno.test("plan needs neither out nor data", async () => {
  const args = ["plan", "model=dinov2/vitg14-notpretrained", "batch_size=32"];
  const { code, config } = await run(args);
  deepEqual([code, config?.batch_size], [0, 32]);
});

Deno.test("plan is a table for people and numbers for programs", async () => {
  const { out } = await run(["plan", "model=dinov2/vittest"]);
  equal(
    out,
    `dinov2/vittest, batch_size 8, precision 16-mixed, a GPU
phase begin
  dispatch                                                 count  workgroups       GFLOP          MB
  fill.store                                                   1           4        2.00         3.0
memory
  values                2.0 MiB
  images                1.0 MiB
  total                 3.0 MiB
  activations alive at once, at most: 0.5 MiB
  largest buffer: values.0, 2.0 MiB
work: 0.002 TFLOP a step, 0.25 GFLOP an image
`,
  );
  deepEqual(JSON.parse((await run(["plan", "model=dinov2/vittest", "--json"])).out), PLAN);
});

Deno.test("plan fails where a run would be refused", async () => {
  const refused = () => Promise.resolve({ ...PLAN, refusal: "Cannot run this plan on a GPU" });
  const { code, out } = await run(["plan", "model=dinov2/vittest"], { plan: refused });
  equal(code, 1);
  match(out, /would be refused: Cannot run this plan on a GPU\n$/);
});

Deno.test("check-data needs data alone, and fails where the data is of no use", async () => {
  const { code, out, config } = await run(["check-data", 'data=["a","b.png"]', "--json"]);
  deepEqual([code, config?.data, JSON.parse(out)], [0, ["a", "b.png"], DATA]);
  match((await run(["check-data", "data=a"])).out, /^images {6}2: 2 PNG, 0 unreadable\n/);
  const unreadable = [{ name: "a", message: "broken" }];
  const checkData = () => Promise.resolve({ ...DATA, unreadable });
  equal((await run(["check-data", "data=a"], { checkData })).code, 0);
  equal((await run(["check-data", "data=a", "data_errors=fail"], { checkData })).code, 1);
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
      '  out: must be a file that ends in .png, got "runs/b"; write out=preview.png\n',
  );
  equal(
    (await run(["preview"])).err,
    "Error: Found 2 problems in the configuration\n" +
      "  out: is required; write out=...\n" +
      "  data: is required; write data=...\n",
  );
});

Deno.test("golden fails if a quantity fails", async () => {
  const { code, calls } = await run(["golden", "a", "b"]);
  deepEqual([code, calls], [0, ["golden a b"]]);
  equal((await run(["golden", "a", "bad"])).code, 1);
  const { code: mistaken, err } = await run(["golden", "a", "--precision", "bf16-mixed"]);
  equal(mistaken, 2);
  ok(err.includes("Allowed choices are 32-true, 16-mixed"), err);
});

Deno.test("a configuration that cannot be used is one message and exit code 2", async () => {
  const { code, calls, err } = await run(["train", "out=a", "data=b", "modle=dinov2/vittest"]);
  deepEqual([code, calls], [2, []]);
  equal(
    err,
    "Error: Found 2 problems in the configuration\n" +
      "  model: is required; write model=...\n" +
      '  modle: is not a setting, got "dinov2/vittest"; did you mean model?\n',
  );
});

Deno.test("a failure while running is one message and exit code 1", async () => {
  const failures = [
    new DataError("Cannot find images: no folder"),
    new TrainingError("Cannot go on training: ibot must be finite, got NaN in step 3"),
    Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }),
  ];
  for (const error of failures) {
    const { code, err } = await run(RUN, { train: failing(error) });
    deepEqual([code, err], [1, `Error: ${error.message}\n`]);
  }
});

Deno.test("--debug shows where an error comes from, before the command or after it", async () => {
  const train = failing(new DataError("Cannot find images: no folder"));
  for (const args of [["--debug", ...RUN], [...RUN, "--debug"]]) {
    const { code, err } = await run(args, { train });
    equal(code, 1);
    match(err, /^DataError: Cannot find images: no folder\n +at /);
  }
});

Deno.test("a mistake of the program itself keeps its stack", async () => {
  const { code, err } = await run(RUN, { train: failing(new TypeError("oops")) });
  equal(code, 1);
  match(err, /^TypeError: oops\n +at /);
});

Deno.test("an unknown command is answered with the nearest one", async () => {
  const { code, err } = await run(["trian"]);
  equal(code, 2);
  equal(
    err,
    "Error: unknown command 'trian'\n(Did you mean train?)\n(write --help for how to call it)\n",
  );
});

Deno.test("an unknown option is answered with the nearest one", async () => {
  const { code, err } = await run(["doctor", "--jsn"]);
  equal(code, 2);
  equal(
    err,
    "Error: unknown option '--jsn'\n(Did you mean --json?)\n(write --help for how to call it)\n",
  );
});

Deno.test("a setting written as an option is told how settings are written", async () => {
  const { code, err } = await run(["train", "--batch-size", "8"]);
  equal(code, 2);
  equal(
    err,
    "Error: unknown option '--batch-size'\n" +
      "(Settings are written without dashes: batch_size=...)\n" +
      "(write --help for how to call it)\n",
  );
});

Deno.test("--version is one line", async () => {
  deepEqual(await runWith(["--version"]), { code: 0, out: `denodino ${VERSION}\n`, err: "" });
});

Deno.test("help shows examples, exit codes and every setting", async () => {
  const general = await runWith(["--help"]);
  equal(general.code, 0);
  match(general.out, /Examples:\n {2}deno run -A cli.ts doctor/);
  match(general.out, /Exit codes: 0 done; 1 failed/);
  const train = await runWith(["train", "--help"]);
  match(train.out, /method_args\.output_dim\n {6}Prototypes of a head's last layer \(65536\)/);
});

Deno.test("every command's help has an example of it, and says what each argument is", async () => {
  const program = buildProgram(recordedContext().context);
  const names = program.createHelp().visibleCommands(program).map((command) => command.name());
  ok(names.length > 10);
  for (const name of names.filter((name) => name !== "help")) {
    const { code, out } = await runWith([name, "--help"]);
    equal(code, 0);
    match(out, new RegExp(`Examples:\n  deno run -A cli.ts ${name}\\b`), name);
    match(out, /Global Options:[^]* --debug /, name);
  }
  for (const command of program.commands) {
    ok(command.description() !== "", command.name());
    for (const argument of command.registeredArguments) {
      ok(argument.description !== "", `${command.name()} ${argument.name()}`);
    }
  }
});

Deno.test("colors are for terminals", async () => {
  const plain = await runWith(["trian"], {}, { color: false });
  ok(!plain.err.includes("\x1b"));
  const colored = await runWith(["trian"], {}, { color: true });
  ok(colored.err.startsWith("\x1b[31mError:\x1b[0m unknown command"));
  ok((await runWith(["--help"], {}, { color: true })).out.includes("\x1b[1mOptions:\x1b[0m"));
  ok(!(await runWith(["--help"], {}, { terminal: true })).out.includes("\x1b"));
});
