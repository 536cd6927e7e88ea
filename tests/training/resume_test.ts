import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { ConfigError } from "../../src/config/config_error.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import { resumedConfig, resumeRun } from "../../src/training/resume_run.ts";
import { train } from "../../src/training/train.ts";
import { lossesOf, tensorsOf } from "../support/child_run.ts";
import { TINY_RUN, withTinyRun } from "../support/tiny_run.ts";

const LAST = "checkpoints/last.safetensors";

/** Settings of a run that saves after every second step. */
function saving(out: string, data: string, callbacks: object = {}): TrainOptions {
  const model_checkpoint = { every_n_train_steps: 2, ...callbacks };
  return { ...TINY_RUN, out, data, callbacks: { model_checkpoint } };
}

async function checkpointsIn(out: string): Promise<string[]> {
  return (await readdir(`${out}/checkpoints`)).sort();
}

/** Changes one bit near the end of a file, in place. */
async function damage(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 5] ^= 16;
  await writeFile(path, bytes);
}

function listener() {
  const messages: string[] = [];
  const onMessage = (message: string) => {
    if (!message.startsWith("warning: ")) messages.push(message); // of settings as small as these
  };
  return { messages, onMessage };
}

Deno.test("a run whose last checkpoint is damaged goes on from the one before", async () => {
  await withTinyRun(async (folder, data) => {
    const [whole, broken] = [`${folder}/whole`, `${folder}/broken`];
    await train(saving(whole, data));
    deepEqual(await checkpointsIn(whole), [
      "epoch=0-step=4.safetensors",
      "epoch=0-step=6.safetensors",
      "last.safetensors",
    ]);
    await train({ ...saving(broken, data), steps: 6 });
    await damage(`${broken}/${LAST}`); // and so its other name
    const { messages, onMessage } = listener();
    const { steps } = await resumeRun(broken, { onMessage });
    equal(steps, 6);
    const newest = `${broken}/checkpoints/epoch=0-step=6.safetensors`;
    for (const [i, path] of [`${broken}/${LAST}`, newest].entries()) {
      ok(messages[i].startsWith(`Cannot read "${path}": its SHA-256 must be `), messages[i]);
    }
    const before = `${broken}/checkpoints/epoch=0-step=4.safetensors`;
    deepEqual(messages.slice(2), [`going on from the checkpoint before, "${before}"`]);
    deepEqual(lossesOf(broken), lossesOf(whole));
    deepEqual(await tensorsOf(`${broken}/${LAST}`), await tensorsOf(`${whole}/${LAST}`));
    deepEqual(await checkpointsIn(broken), await checkpointsIn(whole));
  });
});

Deno.test("a run without a whole checkpoint says what is wrong with each, and changes nothing", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    await train({ ...saving(out, data), steps: 4 });
    const names = await checkpointsIn(out);
    equal(names.length, 3);
    await rm(`${out}/${LAST}`);
    await writeFile(`${out}/${LAST}`, "half");
    for (const name of names.slice(0, 2)) await damage(`${out}/checkpoints/${name}`);
    const rows = lossesOf(out);
    await rejects(resumeRun(out), (error: Error) => {
      ok(error instanceof CheckpointError, error.stack);
      const [first, ...faults] = error.message.split("\n  ");
      equal(
        first,
        `Cannot resume: a checkpoint in "${out}/checkpoints" must be whole, got none; bring one ` +
          "back from a copy, or start anew with overwrite=true",
      );
      deepEqual(
        faults.map((fault) => /^Cannot read "(.*?)": (size|its SHA-256) /.exec(fault)?.slice(1)),
        [
          [`${out}/${LAST}`, "size"],
          [`${out}/checkpoints/epoch=0-step=4.safetensors`, "its SHA-256"],
          [`${out}/checkpoints/epoch=0-step=2.safetensors`, "its SHA-256"],
        ],
      );
      return true;
    });
    deepEqual(lossesOf(out), rows);
  });
});

Deno.test("a checkpoint of an older version, without a hash, is used with a warning", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    await train({ ...saving(out, data), steps: 2 });
    await withoutHash(`${out}/${LAST}`);
    const { messages, onMessage } = listener();
    equal((await resumeRun(out, { onMessage }, { steps: 3 })).steps, 3);
    deepEqual(messages, [`"${out}/${LAST}" was written without a hash: it cannot be verified`]);
  });
});

/** Writes a file again as it was before files had hashes. */
async function withoutHash(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf('"sha256"');
  bytes.write('"no_sha"', at);
  await rm(path); // the other name of the file keeps what it has
  await writeFile(path, bytes);
}

Deno.test("resumeRun() goes on with the settings of the run, and tells those that are changed", async () => {
  await withTinyRun(async (folder, data) => {
    const [whole, out] = [`${folder}/whole`, `${folder}/run`];
    await train({ ...saving(whole, data), steps: undefined, epochs: 1 });
    await train({ ...saving(out, data), steps: undefined, epochs: 1 }, {
      reasonToStop: () => "so",
    });
    equal((await resumeRun(out)).steps, 10);
    deepEqual(lossesOf(out), lossesOf(whole));
    deepEqual(await tensorsOf(`${out}/${LAST}`), await tensorsOf(`${whole}/${LAST}`));

    const { messages, onMessage } = listener();
    await rm(`${out}/config.json`); // the checkpoint has the settings too
    const changes = { steps: 11, optim_args: { lr: 0.001 }, num_workers: 2 };
    equal((await resumeRun(out, { onMessage }, changes)).steps, 11);
    deepEqual(messages, ["other settings than before: optim_args.lr was 0.004, is 0.001"]);
    const config = JSON.parse(await readFile(`${out}/config.json`, "utf8"));
    deepEqual([config.steps, config.epochs, config.optim_args.betas.length], [11, "auto", 2]);
    equal((await resumedConfig(out, { epochs: 3 })).steps, null);
  });
});

Deno.test("resumeRun() wants the folder of a run", async () => {
  const message = "must be the folder of a run, with its config.json or a checkpoint, got " +
    '"no/run"; ' +
    "name another, or write train with all settings and resume_interrupted=true";
  await rejects(resumeRun("no/run"), new ConfigError([{ key: "out", message }]));
});

Deno.test("train() keeps the best checkpoints by a metric, across a resume", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const by = { every_n_train_steps: 1, monitor: "learning_rate", mode: "max", save_top_k: 2 };
    const run = saving(out, data, by);
    await train({ ...run, steps: 6 }, { reasonToStop: stopsAfter(3) });
    await resumeRun(out);
    // The rate is highest after the warmup of 2 steps: in steps 1 and 2, saved as 2 and 3.
    deepEqual(await checkpointsIn(out), [2, 3, 5, 6].map(nameOf).concat("last.safetensors"));
    await using file = await SafetensorsFile.open(`${out}/checkpoints/${nameOf(3)}`);
    equal(JSON.parse(file.metadata.metrics).step, 2);
  });
});

function stopsAfter(steps: number): () => string | undefined {
  let asked = 0; // before the first step too
  return () => asked++ >= steps ? "enough" : undefined;
}

function nameOf(step: number): string {
  return `epoch=0-step=${step}.safetensors`;
}

Deno.test("train() refuses a metric to keep the best by that there is not", async () => {
  await withTinyRun(async (folder, data) => {
    const run = saving(`${folder}/run`, data, { monitor: "tarin_loss" });
    const key = "callbacks.model_checkpoint.monitor";
    const message = 'must be a metric of the run, got "tarin_loss"; did you mean train_loss?';
    await rejects(train(run), new ConfigError([{ key, message }]));
  });
});

Deno.test("train() saves by epochs, and without a last.safetensors where it is told to", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const by = { every_n_train_steps: null, every_n_epochs: 2, save_last: false, save_top_k: -1 };
    const saved: number[] = [];
    const onCheckpoint = ({ step }: { step: number }) => saved.push(step);
    await train({ ...saving(out, data, by), steps: 9 }, { onCheckpoint }); // of 2 an epoch
    deepEqual(saved, [4, 8, 9]);
    deepEqual(await checkpointsIn(out), [
      "epoch=2-step=4.safetensors",
      "epoch=4-step=8.safetensors",
      "epoch=4-step=9.safetensors",
    ]);
    equal((await resumeRun(out, {}, { steps: 10 })).steps, 10);
  }, 8);
});

Deno.test("epochs=0 saves and exports the initial model", async () => {
  await withTinyRun(async (folder, data) => {
    const out = `${folder}/run`;
    const { steps, finished, last, exported } = await train({
      ...saving(out, data),
      steps: undefined,
      epochs: 0,
    });
    deepEqual([steps, finished, last], [0, true, undefined]);
    deepEqual(await checkpointsIn(out), ["epoch=0-step=0.safetensors", "last.safetensors"]);
    const tensors = await tensorsOf(`${out}/${LAST}`);
    deepEqual(
      (await tensorsOf(exported!)).get("blocks.0.attn.qkv.weight"),
      tensors.get("teacher.backbone.blocks.0.attn.qkv.weight"),
    );
    // The run that begins with it is the run that begins anew.
    await resumeRun(out, {}, { steps: 2 });
    const fresh = `${folder}/fresh`;
    await train({ ...saving(fresh, data), steps: 2 });
    deepEqual(lossesOf(out), lossesOf(fresh));
  });
});

Deno.test("train() starts from the weights of another run, and the heads of an export anew", async () => {
  await withTinyRun(async (folder, data) => {
    const { exported, checkpoint } = await train({ ...saving(`${folder}/a`, data), steps: 2 });
    for (const [name, file] of [["b", checkpoint], ["c", exported]] as const) {
      const { messages, onMessage } = listener();
      const out = `${folder}/${name}`;
      await train({ ...saving(out, data), epochs: 0, steps: undefined, checkpoint: file }, {
        onMessage,
      });
      ok(messages[0].startsWith("starting from the "), messages[0]);
      const [from, to] = [await tensorsOf(checkpoint!), await tensorsOf(`${out}/${LAST}`)];
      const weight = "backbone.norm.weight";
      deepEqual(to.get(`student.${weight}`), from.get(`teacher.${weight}`));
      ok(to.get(`exp_avg.${weight}`)!.every((byte) => byte === 0));
    }
    // A run may be replaced by one that starts from its weights: they are read before.
    const again = { ...saving(`${folder}/a`, data), overwrite: true, checkpoint };
    equal((await train({ ...again, steps: 1 })).finished, true);
  });
});
