import { equal } from "node:assert/strict";
import { join } from "node:path";
import {
  type Surroundings,
  torchHubCache,
  variantsCache,
  weightsCache,
} from "../../src/files/cache_folders.ts";

function place(os: Surroundings["os"], env: Record<string, string> = {}): Surroundings {
  return { env: (name) => env[name], os, home: "/home/me" };
}

Deno.test("weightsCache() is where the system keeps such files, unless told otherwise", () => {
  const weights = (...parts: string[]) => join(...parts, "weights");
  const expect = (...[os, env, path]: [Surroundings["os"], Record<string, string>, string]) =>
    equal(weightsCache(place(os, env)), path);
  expect("linux", {}, weights("/home/me/.cache/denodino"));
  expect("linux", { XDG_CACHE_HOME: "/c" }, weights("/c/denodino"));
  expect("linux", { XDG_CACHE_HOME: "", DENODINO_CACHE: "" }, weights("/home/me/.cache/denodino"));
  expect("linux", { XDG_CACHE_HOME: "/c", DENODINO_CACHE: "/d" }, weights("/d"));
  expect("darwin", {}, weights("/home/me/Library/Caches/denodino"));
  expect("windows", { LOCALAPPDATA: "/local" }, weights("/local/denodino"));
});

Deno.test("variantsCache() is beside the cache of weights", () => {
  const expected = join("/home/me/.cache/denodino", "variants");
  equal(variantsCache(place("linux")), expected);
  equal(variantsCache(place("linux", { DENODINO_CACHE: "/d" })), join("/d", "variants"));
});

Deno.test("torchHubCache() is where torch.hub looks", () => {
  const checkpoints = (...parts: string[]) => join(...parts, "hub/checkpoints");
  equal(torchHubCache(place("linux")), checkpoints("/home/me/.cache/torch"));
  equal(torchHubCache(place("linux", { XDG_CACHE_HOME: "/c" })), checkpoints("/c/torch"));
  equal(torchHubCache(place("linux", { TORCH_HOME: "/t" })), checkpoints("/t"));
});
