import { deepEqual, equal, rejects } from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { ConfigError } from "../../src/config/config_error.ts";
import { openRunFolder } from "../../src/training/run_folder.ts";

const PLAIN = { overwrite: false, resume_interrupted: false };

/** Checks that opening is refused with exactly this problem of `out`. */
async function refuses(options: Parameters<typeof openRunFolder>[0], message: string) {
  await rejects(openRunFolder(options), new ConfigError([{ key: "out", message }]));
}

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openRunFolder() makes the folders of a new run and names its files", async () => {
  await withFolder(async (folder) => {
    const out = `${folder}/runs/first`;
    const run = await openRunFolder({ out, ...PLAIN });
    deepEqual((await readdir(out)).sort(), ["checkpoints", "exported_models"]);
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
    await openRunFolder({ out, ...PLAIN });
    await refuses(
      { out, ...PLAIN },
      `must be an empty folder, got "${out}" with 2 entries; choose another, or write ` +
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
    await Deno.writeTextFile(run.lastCheckpoint, "old");
    await Deno.writeTextFile(run.metrics, "old");
    await Deno.writeTextFile(run.trainLog, "old");
    await Deno.writeTextFile(`${out}/events.out.tfevents.1700000000.host.1.0`, "old");
    await Deno.writeTextFile(run.augmentations, "old");
    await Deno.writeTextFile(`${out}/notes.txt`, "mine");
    const next = await openRunFolder({ out, overwrite: true, resume_interrupted: false });
    equal(await Deno.readTextFile(run.lastCheckpoint), "old");
    await next.clear();
    deepEqual((await readdir(out)).sort(), ["checkpoints", "exported_models", "notes.txt"]);
    deepEqual(await readdir(`${out}/checkpoints`), []);
  });
});

Deno.test("openRunFolder() resumes where there is a checkpoint", async () => {
  await withFolder(async (out) => {
    const resume = { out, overwrite: false, resume_interrupted: true };
    await refuses(
      resume,
      `must hold checkpoints/last.safetensors to resume from, got "${out}" without it; ` +
        "leave out resume_interrupted to start a new run",
    );
    const run = await openRunFolder({ out, ...PLAIN });
    await Deno.writeTextFile(run.lastCheckpoint, "saved");
    await openRunFolder(resume);
    deepEqual(await readdir(`${out}/checkpoints`), ["last.safetensors"]);
  });
});

Deno.test("keepOnly() removes earlier steps and nothing else", async () => {
  const out = await Deno.makeTempDir();
  const folder = await openRunFolder({ out, overwrite: false, resume_interrupted: false });
  const [old, now] = [folder.checkpoint(0, 5), folder.checkpoint(1, 12)];
  for (const file of [old, now, folder.lastCheckpoint]) await Deno.writeTextFile(file, "");
  await folder.keepOnly(now);
  const names = [...Deno.readDirSync(`${out}/checkpoints`)].map(({ name }) => name).sort();
  deepEqual(names, ["epoch=1-step=12.safetensors", "last.safetensors"]);
  await Deno.remove(out, { recursive: true });
});
