import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Surroundings, variantsCache } from "../files/cache_folders.ts";
import { writeWhole } from "../files/write_whole.ts";
import type { AdapterFacts } from "../gpu/device.ts";

const FORMAT = "denodino-variants/1";

/** A variant that was chosen, and what that rests on. */
export interface KnownVariant {
  variant: string;
  /** Hash of the kernels of all variants; others may be faster or slower. */
  kernels: string;
  /** Milliseconds by variant; absent where nothing was measured. */
  ms?: Record<string, number>;
}

/** What was found out on an adapter, by the key of a choice. */
export type KnownVariants = Readonly<Record<string, KnownVariant>>;

type Adapter = Pick<AdapterFacts, "name" | "driver">;

/** The file of an adapter in the cache folder. */
export function cachedVariantsPath({ name, driver }: Adapter, surroundings: Surroundings): string {
  const hash = createHash("sha256").update(`${name}\n${driver}`).digest("hex").slice(0, 8);
  const readable = name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  return join(variantsCache(surroundings), `${readable}-${hash}.json`);
}

/** What a file says of an adapter: nothing where it is absent, damaged, or of another adapter. */
export async function readVariants(
  path: string,
  { name, driver }: Adapter,
): Promise<KnownVariants> {
  try {
    const found = JSON.parse(await readFile(path, "utf8"));
    const isOurs = found.format === FORMAT && found.adapter === name && found.driver === driver;
    return isOurs ? wellFormed(found.variants) : {};
  } catch {
    return {};
  }
}

/** Writes a file anew, with the folders that it lies in. */
export async function writeVariants(
  path: string,
  { name, driver }: Adapter,
  variants: KnownVariants,
): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(variants).sort(([a], [b]) => a < b ? -1 : 1));
  const content = { format: FORMAT, adapter: name, driver, variants: sorted };
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, JSON.stringify(content, null, 2) + "\n");
}

/** The entries that are what they should be. */
function wellFormed(variants: unknown): KnownVariants {
  const entries = Object.entries(variants as Record<string, KnownVariant>);
  return Object.fromEntries(
    entries.filter(([, each]) =>
      typeof each?.variant === "string" && typeof each.kernels === "string"
    ),
  );
}
