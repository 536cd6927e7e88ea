import { homedir } from "node:os";
import { join } from "node:path";

/** What the places of files that can be had again depend on. */
export interface Surroundings {
  /** An environment variable; undefined where it is not set. */
  env: (name: string) => string | undefined;
  os: typeof Deno.build.os;
  home: string;
}

/** Those of this process. */
export function processSurroundings(): Surroundings {
  return { env: (name) => Deno.env.get(name), os: Deno.build.os, home: homedir() };
}

/**
 * Where weights are kept that were downloaded: `DENODINO_CACHE`, else what the system has for such
 * files.
 *
 * @example
 * ```ts
 * import { weightsCache } from "./cache_folders.ts";
 *
 * const env = () => undefined;
 * console.log(weightsCache({ env, os: "linux", home: "/home/me" }));
 * // /home/me/.cache/denodino/weights
 * ```
 */
export function weightsCache(surroundings: Surroundings): string {
  return join(ownCache(surroundings), "weights");
}

/** Where it is written down which variants of kernels are fastest on an adapter. */
export function variantsCache(surroundings: Surroundings): string {
  return join(ownCache(surroundings), "variants");
}

function ownCache({ env, os, home }: Surroundings): string {
  const own = env("DENODINO_CACHE");
  return own || join(env("XDG_CACHE_HOME") || systemCache({ env, os, home }), "denodino");
}

function systemCache({ env, os, home }: Surroundings): string {
  if (os === "windows") return env("LOCALAPPDATA") || join(home, "AppData", "Local");
  return os === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
}

/** Where PyTorch's `torch.hub` keeps the same files, under the same names. */
export function torchHubCache({ env, home }: Omit<Surroundings, "os">): string {
  const torch = env("TORCH_HOME") || join(env("XDG_CACHE_HOME") || join(home, ".cache"), "torch");
  return join(torch, "hub", "checkpoints");
}
