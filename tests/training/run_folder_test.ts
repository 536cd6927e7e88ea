import { deepEqual, equal, rejects } from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { ConfigError } from "../../src/config/config_error.ts";
import { openRunFolder } from "../../src/training/run_folder.ts";
import { withFolder } from "../support/folders.ts";

const PLAIN = { overwrite: false, resume_interrupted: false };

/** Checks that opening is refused with exactly this problem of `out`, and leaves no lock. */
async function refuses(options: Parameters<typeof openRunFolder>[0], message: string) {
  await rejects(openRunFolder(options), new ConfigError([{ key: "out", message }]));
  const names = await readdir(options.out).catch((): string[] => []);
  equal(names.includes("run.lock"), false);
}

Deno.test("openRunFolder() makes the folders of a new run and names its files", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/runs/first`;
    using run = await openRunFolder({ out, ...PLAIN });
    deepEqual((await readdir(out)).sort(), ["checkpoints", "exported_models", "run.lock"]);
    deepEqual(
      [
        run.checkpoint(2, 150),
        run.lastCheckpoint,
        run.exportedLast,
        run.exportedConfig,
        run.metrics,
        run.trainLog,
        run.augmentations,
      ].map((path) => path.slice(out.length + 1).replaceAll("\\", "/")),
      [
        "checkpoints/epoch=2-step=150.safetensors",
        "checkpoints/last.safetensors",
        "exported_models/exported_last.safetensors",
        "exported_models/config.json",
        "metrics.jsonl",
        "train.log",
        "augmentations.png",
      ],
    );
  });
});

Deno.test("openRunFolder() refuses a folder that holds something", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/a`;
    (await openRunFolder({ out, ...PLAIN }))[Symbol.dispose]();
    // A run that could not start leaves empty folders, which are in nobody's way.
    (await openRunFolder({ out, ...PLAIN }))[Symbol.dispose]();
    await Deno.writeTextFile(`${out}/checkpoints/mine`, "");
    await refuses(
      { out, ...PLAIN },
      `must be an empty folder, got "${out}" with 1 entry; choose another, or write ` +
        "overwrite=true to replace the run there or resume_interrupted=true to go on with it",
    );
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "");
    await refuses(
      { out: file, ...PLAIN },
      `must be a folder, got the file "${file}"; choose another`,
    );
  });
});

Deno.test({
  name: "openRunFolder() refuses a folder that cannot be written",
  ignore: Deno.build.os !== "linux", // elsewhere there is no /proc, which not even root can write
  fn: () =>
    refuses(
      { out: "/proc/run", ...PLAIN },
      'must be a folder that can be written, got "/proc/run" (ENOENT); choose another',
    ),
});

Deno.test("clear() removes an earlier run and nothing else; until then it is kept", async () => {
  await withFolder(async (out) => {
    const run = await openRunFolder({ out, ...PLAIN });
    run[Symbol.dispose]();
    await Deno.writeTextFile(run.lastCheckpoint, "old");
    await Deno.writeTextFile(run.metrics, "old");
    await Deno.writeTextFile(run.trainLog, "old");
    await Deno.writeTextFile(`${out}/events.out.tfevents.1700000000.host.1.0`, "old");
    await Deno.writeTextFile(run.augmentations, "old");
    await Deno.writeTextFile(`${out}/notes.txt`, "mine");
    using next = await openRunFolder({ out, overwrite: true, resume_interrupted: false });
    equal(await Deno.readTextFile(run.lastCheckpoint), "old");
    await next.clear();
    deepEqual((await readdir(out)).sort(), [
      "checkpoints",
      "exported_models",
      "notes.txt",
      "run.lock",
    ]);
    deepEqual(await readdir(`${out}/checkpoints`), []);
  });
});

Deno.test("openRunFolder() resumes where there is a checkpoint, of whichever name", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/run`;
    const resume = { out, overwrite: false, resume_interrupted: true };
    const message = `must hold a checkpoint to resume from, got "${out}" without one; leave out ` +
      "resume_interrupted to start a new run";
    await refuses(resume, message);
    deepEqual(await readdir(folder), []);
    const run = await openRunFolder({ out, ...PLAIN });
    run[Symbol.dispose]();
    await refuses(resume, message);
    for (const path of [run.checkpoint(1, 9), run.lastCheckpoint]) {
      await Deno.writeTextFile(path, "saved");
      (await openRunFolder(resume))[Symbol.dispose]();
      await Deno.remove(path);
    }
  });
});

Deno.test("openRunFolder() keeps a second run out, and lets it in once the first is done", async () => {
  await withFolder(async (out) => {
    {
      using _first = await openRunFolder({ out, ...PLAIN });
      await rejects(
        openRunFolder({ out, overwrite: true, resume_interrupted: false }),
        /uses|used/,
      );
    }
    using _second = await openRunFolder({ out, overwrite: true, resume_interrupted: false });
  });
});

Deno.test("openRunFolder() sweeps up what a kill left half written, and nothing else", async () => {
  await withFolder(async (out) => {
    const run = await openRunFolder({ out, ...PLAIN });
    run[Symbol.dispose]();
    const left = [`${run.checkpoint(0, 5)}.tmp`, `${run.metrics}.tmp`, `${run.augmentations}.tmp`];
    for (const path of [...left, `${out}/mine.tmp`]) await Deno.writeTextFile(path, "half");
    using _next = await openRunFolder({ out, overwrite: true, resume_interrupted: false });
    const files = (await readdir(out, { recursive: true })).sort();
    deepEqual(files, ["checkpoints", "exported_models", "mine.tmp", "run.lock"]);
  });
});

Deno.test("resumable() tries the last checkpoint, then the newest", async () => {
  await withFolder(async (out) => {
    using run = await openRunFolder({ out, ...PLAIN });
    const saved = [run.checkpoint(0, 9), run.checkpoint(1, 10), run.checkpoint(12, 100)];
    for (const path of saved) await Deno.writeTextFile(path, "");
    deepEqual(await run.resumable(), saved.toReversed());
    await Deno.writeTextFile(run.lastCheckpoint, "");
    deepEqual(await run.resumable(), [run.lastCheckpoint, ...saved.toReversed()]);
  });
});
