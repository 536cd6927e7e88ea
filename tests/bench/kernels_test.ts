import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replaceAll("\\", "/");

/** Kernels that a file of an op imports, and those that other ops bring that it imports. */
function kernelsOf(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith("src/ops/") && !file.startsWith("bench/ops/")) return seen;
  const text = readFileSync(ROOT + file, "utf8");
  for (const [, path] of text.matchAll(/\bfrom "(\.[^"]+)"/g)) {
    kernelsOf(join(dirname(file), path), seen);
  }
  return seen;
}

Deno.test("every kernel has a bench of an op that uses it", () => {
  const kernels = readdirSync(`${ROOT}kernels`).filter((name) => name.endsWith(".wgsl"));
  const timed = new Set(
    readdirSync(`${ROOT}bench/ops`).flatMap((name) => [...kernelsOf(`bench/ops/${name}`)]),
  );
  deepEqual(kernels.filter((name) => !timed.has(`kernels/${name}`)), []);
});
