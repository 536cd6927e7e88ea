// Faults from outside, injected into tiny runs: what the user is told, and what is left on disk.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { DataError } from "../../src/images/errors.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import type { RunObserver } from "../../src/training/observer.ts";
import { TrainingError } from "../../src/training/metrics.ts";
import { resumeRun } from "../../src/training/resume_run.ts";
import { train } from "../../src/training/train.ts";
import { lossesOf, startChild, tensorsOf, untilExists } from "../support/child_run.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const LAST = "checkpoints/last.safetensors";
const EVERY_SECOND = { model_checkpoint: { every_n_train_steps: 2 } };

function tiny(out: string, data: string): TrainOptions {
  return { ...TINY_RUN, out, data, callbacks: EVERY_SECOND };
}

/** The step of the last checkpoint, every byte of which is what was written. */
async function lastStep(out: string): Promise<number> {
  await using file = await SafetensorsFile.open(`${out}/${LAST}`);
  equal(await file.verify(), true);
  return Number(file.metadata.step);
}

/** Calls `act` once, when the numbers of `step` or a later one have come back. */
function atStep(step: number, act: () => void) {
  let done = false;
  return {
    onStep(row: { step: number }) {
      if (done || row.step < step) return;
      done = true;
      act();
    },
  };
}

/** Resumes to the end and holds the run against one that nobody disturbed. */
async function assertRecovers(out: string, data: string): Promise<void> {
  const whole = `${out}-whole`;
  await resumeRun(out);
  await train({ ...tiny(whole, data), cache_memory: 0 });
  deepEqual(lossesOf(out), lossesOf(whole));
  deepEqual(await tensorsOf(`${out}/${LAST}`), await tensorsOf(`${whole}/${LAST}`));
}

/** Runs a program that cannot make a file larger than `blocks` of 512 bytes, or of 1024. */
function limited(blocks: number): string[] {
  // The signal that tells of the limit is ignored: writing fails then, as on a full disk.
  return ["sh", "-c", `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, "sh", Deno.execPath()];
}

const NO_ULIMIT = Deno.build.os === "windows";

/** Ends a run after its first step; a run is asked before it too. */
function afterOneStep(): RunObserver {
  let asked = 0;
  return { reasonToStop: () => asked++ > 0 ? "early" : undefined };
}

Deno.test({
  name: "a full disk ends the run with the file's name; the checkpoint before is whole",
  ignore: NO_ULIMIT,
  fn: () =>
    withTinyRun(async (folder, data) => {
      const out = `${folder}/run`;
      await train({ ...tiny(out, data), steps: 6 }, afterOneStep());
      equal(await lastStep(out), 1);
      const settings = { out, data, callbacks: EVERY_SECOND, resume_interrupted: true };
      const { code, output } = await startChild(settings, limited(1024)).end;
      const file = `${out}/checkpoints/epoch=0-step=2.safetensors`;
      equal(code, 1, output);
      ok(output.includes(`Error: Cannot write "${file}": `), output);
      ok(output.includes("; see that there is room and that it may be written, then go"), output);
      ok(!output.includes("    at "), output); // no stack trace
      equal(await lastStep(out), 1);
      deepEqual((await readdir(`${out}/checkpoints`)).sort(), [
        "epoch=0-step=1.safetensors",
        "last.safetensors",
      ]);
      await assertRecovers(out, data);
    }),
});

Deno.test({
  name: "a disk too full for a line of metrics names that file",
  ignore: NO_ULIMIT,
  async fn() {
    const folder = await Deno.makeTempDir();
    const module = import.meta.resolve("../../src/training/metrics_file.ts");
    await writeFile(
      `${folder}/main.ts`,
      `import { MetricsFile } from "${module}";
      const metrics = new MetricsFile("${folder}/metrics.jsonl");
      try { for (let step = 0;; step++) metrics.onStep({ step }); }
      catch (error) { console.log(error.message, "code" in error); }`,
    );
    const [program, ...args] = [...limited(8), "run", "-A", `${folder}/main.ts`];
    const { stdout } = await new Deno.Command(program, { args }).output();
    const told = new TextDecoder().decode(stdout);
    ok(told.startsWith(`Cannot write "${folder}/metrics.jsonl": `), told);
    ok(told.endsWith("go on from the last checkpoint with resume_interrupted=true true\n"), told);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("a folder that can no longer be written ends the run at the next checkpoint", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const kept = `${folder}/kept`;
    const lose = {
      onCheckpoint() {
        Deno.renameSync(`${out}/checkpoints`, kept);
        Deno.writeTextFileSync(`${out}/checkpoints`, ""); // root may write anywhere but here
      },
    };
    const file = `${out}/checkpoints/epoch=0-step=4.safetensors`;
    await rejects(train(tiny(out, data), lose), (error: Error) => {
      ok(error instanceof CheckpointError, error.stack);
      ok(error.message.startsWith(`Cannot write "${file}": ENOTDIR`), error.message);
      return true;
    });
    await rm(`${out}/checkpoints`);
    await rename(kept, `${out}/checkpoints`);
    equal(await lastStep(out), 2);
    await assertRecovers(out, data);
  });
});

Deno.test("an image that is deleted meanwhile is named and left out, or ends the run", async () => {
  await withTinyRun(async (folder, data) => {
    for (const data_errors of ["skip", "fail"] as const) {
      const out = `${folder}/${data_errors}`;
      const images = (await readdir(data, { recursive: true })).filter((name) => /\./.test(name));
      const remove = () => {
        for (const name of images.slice(0, 4)) Deno.removeSync(`${data}/${name}`);
      };
      const messages: string[] = [];
      const run = { ...tiny(out, data), data_errors, cache_memory: 0, steps: 24 };
      const hooks = {
        ...atStep(0, remove),
        onMessage: (message: string) => messages.push(message),
      };
      if (data_errors === "skip") {
        equal((await train(run, hooks)).finished, true);
        const skipped = messages.filter((message) => !message.startsWith("warning: "));
        ok(skipped.length > 0);
        for (const message of skipped) {
          ok(/^skipped .*: ENOENT: no such file/.test(message), message);
        }
      } else {
        await rejects(train(run, hooks), (error: Error) => {
          ok(error instanceof DataError, error.stack);
          ok(/must be readable, got .*: ENOENT: no such file/.test(error.message), error.message);
          return true;
        });
        ok(await lastStep(out) > 0);
      }
    }
  });
});

Deno.test("a folder of images that is deleted meanwhile ends the run", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const remove = () => Deno.removeSync(data, { recursive: true });
    const run = { ...tiny(out, data), cache_memory: 0, steps: 100 };
    await rejects(train(run, atStep(2, remove)), (error: Error) => {
      ok(error instanceof DataError, error.stack);
      ok(/at least one of 40 images must be readable, got none/.test(error.message), error.message);
      return true;
    });
    ok(await lastStep(out) > 0);
  });
});

Deno.test("a decode worker that dies is replaced, and the run is the same", async () => {
  await withTinyRun(async (folder, data) => {
    const workers: Worker[] = [];
    const RealWorker = globalThis.Worker;
    globalThis.Worker = class extends RealWorker {
      constructor(...args: ConstructorParameters<typeof RealWorker>) {
        super(...args);
        workers.push(this);
      }
    };
    const kill = () => {
      const [victim] = workers;
      victim.terminate();
      victim.onerror?.(new ErrorEvent("error", { message: "killed" }));
    };
    const [whole, out] = [`${folder}/whole`, `${folder}/run`];
    try {
      await train(tiny(out, data), atStep(1, kill));
    } finally {
      globalThis.Worker = RealWorker;
    }
    equal(workers.length, 2);
    await train(tiny(whole, data));
    deepEqual(lossesOf(out), lossesOf(whole));
  });
});

Deno.test("a lost device ends the run; the last checkpoint is whole", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    let device: GPUDevice | undefined;
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      return device = await requestDevice.apply(this, args);
    };
    try {
      await rejects(
        train({ ...tiny(out, data), steps: 50 }, atStep(3, () => device!.destroy())),
        (error: Error) => {
          ok(error instanceof GpuError, error.stack);
          ok(/^Cannot go on: the GPU device \(.+\) was lost: .+; resume from/.test(error.message));
          return true;
        },
      );
    } finally {
      GPUAdapter.prototype.requestDevice = requestDevice;
    }
    ok(await lastStep(out) >= 2);
    ok(!(await readdir(out)).includes("run.lock"));
    equal((await resumeRun(out, {}, { steps: 6 })).finished, true);
  });
});

Deno.test("a loss that is not finite leaves the images of its step to run it again", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const run = { ...tiny(out, data), gradient_accumulation_steps: 2, steps: 6 };
    await train(run, afterOneStep());
    const callbacks = { model_checkpoint: { every_n_train_steps: 99 } };
    const hopeless = { optim_args: { lr: 1e30 }, callbacks };
    const fails = async () => {
      let message = "";
      await rejects(resumeRun(out, {}, hopeless), (error: Error) => {
        ok(error instanceof TrainingError, error.stack);
        message = error.message;
        return true;
      });
      return { message, report: JSON.parse(await readFile(`${out}/failed_step.json`, "utf8")) };
    };
    const { message, report } = await fails();
    const { step, term, value, micro_batches, ...rest } = report;
    ok(
      message.startsWith(`Cannot go on training: ${term} must be finite, got ${value} in step 2;`),
    );
    ok(message.endsWith(`; ${out}/failed_step.json names the images of the step`), message);
    equal(step, 2);
    deepEqual([rest.seed, rest.resumes_at_step, rest.config_sha256.length], [0, 1, 64]);
    deepEqual(micro_batches.map(({ epoch }: { epoch: number }) => epoch), [0, 0]);
    const images = await readdir(data, { recursive: true });
    for (const { images: names, indices } of micro_batches) {
      deepEqual([names.length, indices.length], [4, 4]);
      ok(names.every((name: string) => images.includes(name)), names.join());
    }
    deepEqual(lossesOf(out).map((row) => row.step), [0, 1]); // the sound step before it is told
    equal(await lastStep(out), 1);
    deepEqual((await fails()).report, report); // the replay
  });
});

Deno.test("values that are not finite do not replace a good checkpoint", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    await train(tiny(out, data), afterOneStep());
    // The loss of the step is sound, and its update is not.
    const changes = { steps: 3, optim_args: { lr: 1e300 } };
    await rejects(resumeRun(out, {}, changes), (error: Error) => {
      ok(error instanceof TrainingError, error.stack);
      ok(/^Cannot save step 2: parameters\.0 must be finite, got /.test(error.message));
      return true;
    });
    equal(await lastStep(out), 1);
    deepEqual((await readdir(`${out}/checkpoints`)).sort(), [
      "epoch=0-step=1.safetensors",
      "last.safetensors",
    ]);
  });
});

Deno.test({
  name: "one signal ends the run after the step, ready to resume; a second ends it at once",
  ignore: Deno.build.os === "windows", // which has no signals to send
  async fn(t) {
    await withTinyRun(async (folder, data) => {
      for (const signals of [["SIGINT"], ["SIGTERM"], ["SIGINT", "SIGINT"]] as Deno.Signal[][]) {
        await t.step(signals.join(" twice "), async () => {
          const out = `${folder}/${signals.join("-")}`;
          const child = startChild({ out, data, steps: 500, callbacks: EVERY_SECOND });
          ok(await untilExists(`${out}/${LAST}`, child));
          for (const signal of signals) {
            child.process.kill(signal);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          const { code, output } = await child.end;
          equal(code, 130, output);
          ok(output.includes("stopping after this step, with a checkpoint; Ctrl-C again"), output);
          const step = await lastStep(out);
          if (signals.length === 1) {
            ok(output.includes(`stopped (interrupted) after ${step} steps; `), output);
            ok(output.includes(`resume ${out}`), output);
            equal(lossesOf(out).length, step);
          }
          equal((await resumeRun(out, {}, { steps: step + 1 })).finished, true);
        });
      }
    });
  },
});

Deno.test("three kills at random leave a run that ends as if there had been none", async () => {
  const script = fileURLToPath(new URL("../../bench/faults/kill_and_resume.ts", import.meta.url));
  const args = ["run", "-A", script, "3", "12"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  equal(code, 0, new TextDecoder().decode(stdout));
});
