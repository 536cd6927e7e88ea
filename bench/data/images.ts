import { writeTextureSet } from "../../src/demo/texture_set.ts";

/** Where the images of a bench are, and what to call them. */
export interface BenchImages {
  source: string;
  name: string;
}

/**
 * The images of a bench: those of the folder that the environment variable BENCH_DATA names, or
 * generated ones of `size` pixels.
 */
export async function benchImages(
  { count, size }: { count: number; size: number },
): Promise<BenchImages> {
  const given = Deno.env.get("BENCH_DATA");
  if (given) return { source: given, name: given.split("/").filter(Boolean).at(-1) ?? given };
  const source = await Deno.makeTempDir({ prefix: "bench-images-" });
  addEventListener("unload", () => Deno.removeSync(source, { recursive: true }));
  await writeTextureSet(source, { images: count, size });
  return { source, name: `textures of ${size} pixels` };
}
