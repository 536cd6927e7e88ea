import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PACKAGES } from "../../src/deps/packages.ts";

const FOLDER = fileURLToPath(new URL("../../src/deps/", import.meta.url));

/** Packages that hold types alone: nothing of them runs. */
const TYPES = /^@webgpu\/types@/;

Deno.test("PACKAGES names what the files of src/deps load, with its version", () => {
  const named = readdirSync(FOLDER).flatMap((file) => {
    const text = readFileSync(FOLDER + file, "utf8");
    return [...text.matchAll(/"npm:((?:@[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+)/g)].map(([, name]) =>
      name
    );
  });
  const loaded = new Set(named.filter((name) => !TYPES.test(name)));
  deepEqual([...PACKAGES].sort(), [...loaded].sort());
});
