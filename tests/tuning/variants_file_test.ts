import { deepEqual, equal, notEqual } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  cachedVariantsPath,
  type KnownVariants,
  readVariants,
  writeVariants,
} from "../../src/tuning/variants_file.ts";
import { withFolder } from "../support/folders.ts";

const ADAPTER = { name: "A GPU (of some kind)", driver: "its driver 1.2" };
const KNOWN: KnownVariants = {
  "matmul.store nn f32 2x3x4": {
    variant: "64x64",
    kernels: "abc",
    ms: { "128x64": 2, "64x64": 1 },
  },
  "matmul.add tn f32 5x6x7": { variant: "128x64", kernels: "def" },
};

Deno.test("variants that were written are read again, by the adapter that they are of", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "new", "variants.json");
    await writeVariants(path, ADAPTER, KNOWN);
    deepEqual(await readVariants(path, ADAPTER), KNOWN);
    deepEqual(await readVariants(path, { ...ADAPTER, driver: "its driver 1.3" }), {});
    deepEqual(await readVariants(path, { ...ADAPTER, name: "another" }), {});
    const keys = [...(await readFile(path, "utf8")).matchAll(/"(matmul\.\w+)/g)];
    deepEqual(keys.map(([, key]) => key), ["matmul.add", "matmul.store"]); // sorted
  });
});

Deno.test("a file that is absent, damaged or of somebody else says nothing", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "variants.json");
    deepEqual(await readVariants(path, ADAPTER), {});
    for (const text of ["", "{", "[]", "null", '{"format":"other/1"}']) {
      await writeFile(path, text);
      deepEqual(await readVariants(path, ADAPTER), {}, text);
    }
    await writeVariants(path, ADAPTER, KNOWN);
    const whole = await readFile(path, "utf8");
    await writeFile(path, whole.slice(0, whole.length / 2));
    deepEqual(await readVariants(path, ADAPTER), {});
    await writeFile(path, whole.replace('"64x64",', "7,"));
    deepEqual(Object.keys(await readVariants(path, ADAPTER)), ["matmul.add tn f32 5x6x7"]);
  });
});

Deno.test("cachedVariantsPath() is a file for each adapter and driver", () => {
  const surroundings = {
    env: (name: string) => name === "DENODINO_CACHE" ? "cache" : undefined,
    os: Deno.build.os,
    home: "home",
  };
  const path = cachedVariantsPath(ADAPTER, surroundings);
  equal(path.replace(/-[0-9a-f]{8}\.json$/, ""), join("cache", "variants", "a_gpu_of_some_kind"));
  notEqual(cachedVariantsPath({ ...ADAPTER, driver: "1.3" }, surroundings), path);
});
