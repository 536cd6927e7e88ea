import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { EXIT } from "../../src/commands/command_line.ts";
import { resumedConfig } from "../../src/training/resume_run.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { TrainConfig } from "../../src/config/train_config.ts";
import { runWith } from "../support/run_program.ts";
import { TINY_RUN } from "../support/tiny_run.ts";

/** A folder that holds the settings of a run. */
async function withRun(body: (out: string, config: TrainConfig) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "resume-" });
  try {
    const out = `${folder}/run`;
    const config = resolveConfig({
      ...TINY_RUN,
      data: "photos",
      out: "elsewhere",
      overwrite: true,
    });
    await mkdir(out);
    await writeFile(`${out}/config.json`, JSON.stringify(config));
    await body(out, config);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("resume goes on with the settings of the run, wherever it lies", () =>
  withRun(async (out, config) => {
    const resumed = await resumedConfig(out);
    deepEqual(resumed, { ...config, out, overwrite: false, resume_interrupted: true });
  }));

Deno.test("resume changes what it is told, and a length of either kind replaces the other", () =>
  withRun(async (out, { method_args }) => {
    const resumed = await resumedConfig(out, {
      epochs: 3,
      method_args: { output_dim: 128 },
    });
    deepEqual([resumed.epochs, resumed.steps], [3, null]);
    deepEqual(resumed.method_args, { ...method_args, output_dim: 128 });
  }));

Deno.test("resume wants the folder of a run", () =>
  withRun(async (out) => {
    const refused = (message: string) => new ConfigError([{ key: "out", message }]);
    const remedy = "name another, or write train with all settings and resume_interrupted=true";
    const wanted = "must be the folder of a run, with its config.json or a checkpoint, got";
    await rejects(resumedConfig(`${out}/no`), refused(`${wanted} "${out}/no"; ${remedy}`));
    await writeFile(`${out}/config.json`, "{");
    await rejects(resumedConfig(out), refused(`${wanted} "${out}"; ${remedy}`));
  }));

Deno.test("resume trains, and ends as train does", () =>
  withRun(async (out) => {
    const seen: TrainConfig[] = [];
    const train = (config: TrainConfig) => {
      seen.push(config);
      return Promise.resolve(config.steps === 6 ? EXIT.ok : EXIT.interrupted);
    };
    equal((await runWith(["resume", out], { train })).code, 0);
    equal((await runWith(["resume", out, "steps=7"], { train })).code, 130);
    deepEqual(seen.map((config) => [config.out, config.steps]), [[out, 6], [out, 7]]);
    const { code, err } = await runWith(["resume", out, "stps=7"], { train });
    deepEqual([code, /stps: is not a setting, got 7; did you mean steps\?/.test(err)], [2, true]);
  }));
