import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { train } from "../../src/training/train.ts";
import { type MetricsRow, readMetrics } from "../../src/training/metrics_file.ts";
import { curveOf } from "../support/event_files.ts";
import { stopAfter } from "../support/stop_after.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

/** The lines of a run's log, their times taken off. */
function logOf(out: string): string[] {
  const lines = readFileSync(`${out}/train.log`, "utf8").split("\n").slice(0, -1);
  for (const line of lines) match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( {2}|$)/);
  return lines.map((line) => line.slice(21));
}

function eventFiles(out: string): Uint8Array[] {
  return readdirSync(out).filter((name) => name.startsWith("events.out.tfevents.")).sort()
    .map((name) => new Uint8Array(readFileSync(`${out}/${name}`)));
}

Deno.test("a run that is interrupted and resumed leaves one log and one curve", async (t) => {
  await withTinyRun(async (folder, data) => {
    const callbacks = { model_export: { every_n_train_steps: 2 } };
    const run = { ...TINY_RUN, out: `${folder}/run`, data, log_every_num_steps: 2, callbacks };
    await train(run, { signal: stopAfter(3) });
    await train({ ...run, resume_interrupted: true, seed: 1 });
    const log = logOf(run.out);
    const steps = log.filter((line) => line.startsWith("step ")).map((line) => line.split("  ")[0]);

    await t.step("every logged step and the last of each session", () => {
      deepEqual(steps, ["step 1/6", "step 2/6", "step 3/6", "step 4/6", "step 6/6"]);
    });
    await t.step("how each session began and ended", () => {
      const marks = log.filter((line) =>
        /^(started|resumed|stopped|finished|goes|starts)/.test(line)
      );
      const pattern = [
        /^started 20/,
        /^starts at the first step$/,
        /^stopped after 3 of 6 steps, .*: interrupted; go on with resume_interrupted=true$/,
        /^resumed 20/,
        /^goes on after step 3$/,
        /^finished after 6 steps, .*: all steps are done$/,
      ];
      equal(marks.length, pattern.length, marks.join("\n"));
      pattern.forEach((each, i) => match(marks[i], each));
    });
    await t.step("what was written, and what was said", () => {
      ok(log.some((line) => /^checkpoint after step 3: checkpoints\/epoch=0-step=3\./.test(line)));
      const exports = log.flatMap((line) =>
        /^teacher after step (\d): exported_models\/exported_last\./.exec(line)?.[1] ?? []
      );
      deepEqual(exports, ["2", "3", "4", "6"]);
      ok(log.includes("other settings than before: seed was 0, is 1"));
    });
    await t.step("the resolved configuration, sorted", () => {
      const first = log.indexOf("Resolved configuration:") + 1;
      const json = log.slice(first, log.indexOf("}", first) + 1).join("\n");
      const config = JSON.parse(json);
      equal(config.method_args.output_dim, 64);
      const keys = Object.keys(config);
      deepEqual(keys, keys.toSorted());
    });
    await t.step("the metrics at the logged steps, in TensorBoard", () => {
      const files = eventFiles(run.out);
      equal(files.length, 2);
      const rows = new Map(readMetrics(`${run.out}/metrics.jsonl`).map((row) => [row.step, row]));
      for (const name of Object.keys(rows.get(0)!).filter((name) => name !== "step")) {
        const expected = [0, 1, 2, 3, 5].map((step) => [step, Math.fround(rows.get(step)![name])]);
        deepEqual(curveOf(files, name), expected, name);
      }
    });
  });
});

Deno.test("what is switched off leaves no file, and the run resumes without it", async () => {
  await withTinyRun(async (folder, data) => {
    const run = {
      ...TINY_RUN,
      out: `${folder}/run`,
      data,
      loggers: { jsonl: null, tensorboard: null },
      callbacks: { model_export: null, learning_rate_monitor: null },
    };
    await train(run, { signal: stopAfter(2) });
    const rows: MetricsRow[] = [];
    const again = { ...run, resume_interrupted: true };
    const { exported, finished } = await train(again, { onStep: (row) => rows.push(row) });
    deepEqual([exported, finished], [null, true]);
    deepEqual(rows.map(({ step }) => step), [2, 3, 4, 5]);
    ok(!Object.keys(rows[0]).some((name) => name.startsWith("learning_rate/")));
    deepEqual(readdirSync(run.out).sort(), [
      "augmentations.png",
      "checkpoints",
      "config.json",
      "exported_models",
      "train.log",
    ]);
    deepEqual(readdirSync(`${run.out}/exported_models`), []);
  });
});

Deno.test("early stopping ends a run, and again when it is resumed", async () => {
  await withTinyRun(async (folder, data) => {
    const early_stopping = { monitor: "train_loss", mode: "max" as const, patience: 1 };
    const run = { // of 2 steps an epoch; a loss that falls does not improve
      ...TINY_RUN,
      out: `${folder}/run`,
      data,
      steps: 40,
      callbacks: { early_stopping, device_stats_monitor: {} },
    };
    const { steps, finished, reason } = await train(run);
    ok(!finished && steps < 40 && steps % 2 === 0, `${steps} steps`); // at the end of an epoch
    match(
      reason,
      /^train_loss has not improved for 1 epoch: its best mean is [\d.]+, of epoch \d+$/,
    );
    const [first] = readMetrics(`${run.out}/metrics.jsonl`);
    ok(first["device/process_rss_bytes"] > 0);
    const again = await train({ ...run, resume_interrupted: true });
    deepEqual([again.steps, again.reason], [steps, reason]);
    ok(logOf(run.out).some((line) => line.includes(`: ${reason}; go on with`)));
  }, 8);
});

Deno.test("the log says why a run failed, with the stack", async () => {
  await withTinyRun(async (folder, data) => {
    await writeFile(`${data}/broken.jpg`, "no image");
    const run = { ...TINY_RUN, out: `${folder}/run`, data, batch_size: 5 };
    await rejects(train({ ...run, data_errors: "fail" }));
    const log = logOf(run.out);
    const failed = log.findIndex((line) =>
      line.startsWith("failed after 0 of 6 steps, ") && line.includes("Cannot load batches: ")
    );
    ok(failed > 0, log.join("\n"));
    ok(log.slice(failed).some((line) => /^ +at /.test(line)));
  }, 4);
});

Deno.test("what is said before there is a folder is in the log too", async () => {
  await withTinyRun(async (folder, data) => {
    const run = { ...TINY_RUN, out: `${folder}/run`, data, steps: 1, batch_size: 64 };
    await train(run);
    const line = "batch_size lowered from 64 to 4: there are no more images";
    ok(logOf(run.out).includes(line));
    await train({ ...run, overwrite: true });
    equal(logOf(run.out).filter((each) => each === line).length, 1); // a new file
    equal(eventFiles(run.out).length, 1);
    await rejects(train(run)); // the folder is not empty
    equal(logOf(run.out).filter((each) => each.startsWith("started ")).length, 1);
    ok(existsSync(`${run.out}/metrics.jsonl`));
  }, 4);
});
