import { deepEqual, equal, rejects } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../src/files/write_whole.ts";

Deno.test("a file is replaced as a whole, and nothing is left beside it", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "a.json");
  await writeWhole(path, "a longer text");
  await writeWhole(path, new TextEncoder().encode("short"));
  equal(await Deno.readTextFile(path), "short");
  deepEqual(readdirSync(folder), ["a.json"]);
});

Deno.test("where it cannot be put in place, what was written beside is removed", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(join(folder, "taken"));
  await Deno.writeTextFile(join(folder, "taken", "file"), "");
  await rejects(writeWhole(join(folder, "taken"), "text"));
  deepEqual(readdirSync(folder), ["taken"]);
});
