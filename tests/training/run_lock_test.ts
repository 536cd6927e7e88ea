import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { ConfigError } from "../../src/config/config_error.ts";
import { lockRun } from "../../src/training/run_lock.ts";
import { withFolder } from "../support/folders.ts";

/** The one problem that taking the lock of `out` meets. */
async function refusal(out: string): Promise<string> {
  let message = "";
  await rejects(lockRun(out), (error: Error) => {
    ok(error instanceof ConfigError, error.stack);
    message = error.problems[0].message;
    return true;
  });
  return message;
}

/** A process that takes the lock of `out` and keeps it until it is killed. */
async function holdElsewhere(out: string): Promise<Deno.ChildProcess> {
  const script = `
    import { lockRun } from ${
    JSON.stringify(import.meta.resolve("../../src/training/run_lock.ts"))
  };
    using lock = await lockRun(${JSON.stringify(out)});
    console.log(lock.path);
    setInterval(() => {}, 1000);
    await new Promise(() => {});`;
  const path = `${out}/hold.ts`;
  await writeFile(path, script);
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", path], stdout: "piped" });
  const child = command.spawn();
  const reader = child.stdout.getReader();
  await reader.read(); // it has the lock
  await reader.cancel();
  return child;
}

Deno.test("lockRun() tells who holds it, and goes when it is disposed", async () => {
  await withFolder(async (out) => {
    {
      using _lock = await lockRun(out);
      const { pid, host, started } = JSON.parse(await readFile(`${out}/run.lock`, "utf8"));
      deepEqual([pid, host], [Deno.pid, hostname()]);
      equal(
        await refusal(out),
        `must be a folder that no other run uses, got "${out}", which process ${pid} on ${host} ` +
          `has used since ${started}; wait for it, stop it, or choose another folder`,
      );
    }
    deepEqual(await readdir(out), []);
    using _again = await lockRun(out);
  });
});

Deno.test("lockRun() lets one in of many that want it at once", async () => {
  await withFolder(async (out) => {
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => lockRun(out)));
    const taken = all.filter((each) => each.status === "fulfilled");
    equal(taken.length, 1);
    taken[0].value[Symbol.dispose]();
  });
});

Deno.test("the lock of a killed process is free again", async () => {
  await withFolder(async (out) => {
    const child = await holdElsewhere(out);
    ok((await refusal(out)).includes(`which process ${child.pid} on ${hostname()} has used since`));
    child.kill("SIGKILL");
    await child.status;
    deepEqual((await readdir(out)).sort(), ["hold.ts", "run.lock"]);
    using _lock = await lockRun(out);
  });
});

Deno.test("lockRun() takes a lock whose file was cut off", async () => {
  await withFolder(async (out) => {
    await writeFile(`${out}/run.lock`, '{"pid":');
    using _lock = await lockRun(out);
    equal(JSON.parse(await readFile(`${out}/run.lock`, "utf8")).pid, Deno.pid);
  });
});
