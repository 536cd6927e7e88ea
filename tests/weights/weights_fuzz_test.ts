import { equal, ok } from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type RandomStream, randomStream } from "../../src/random.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { BackboneWeights } from "../../src/weights/backbone_weights.ts";

const FOLDER = fileURLToPath(new URL("../golden/pretrained/", import.meta.url));
const FILES = ["official.pth", "official_nested.pth", "official.safetensors", "hf.safetensors"];
const MUTATIONS = 10_000;

/** Changes a few bytes where structure is, or anywhere; cuts; or makes a number in it absurd. */
function damage(stream: RandomStream, whole: Uint8Array): Uint8Array {
  const kind = stream.int(4);
  if (kind === 0) return whole.slice(0, stream.int(whole.length));
  const bytes = whole.slice();
  // The directory is at the end of an archive, the header at the beginning of the others.
  const structure = kind === 1 ? stream.int(4000) : bytes.length - 1 - stream.int(4000);
  const start = kind === 3 ? stream.int(bytes.length) : structure;
  const length = 1 + stream.int(8);
  for (let i = start; i < Math.min(bytes.length, start + length); i++) {
    bytes[i] = stream.bool(0.5) ? 0xff : stream.int(256);
  }
  return bytes;
}

Deno.test("weights that are damaged or made to harm are refused, in bounded memory", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/damaged`;
  const wholes = await Promise.all(FILES.map(async (name) => {
    return new Uint8Array(await readFile(FOLDER + name));
  }));
  const stream = randomStream(3, "weights");
  const counts = { read: 0, refused: 0 };
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < MUTATIONS; i++) {
    await writeFile(path, damage(stream, wholes[i % wholes.length]));
    try {
      await using weights = await BackboneWeights.open(path);
      for (const name of ["pos_embed", "blocks.1.attn.qkv.weight"]) {
        if (!weights.shapes.has(name)) continue;
        ok((await weights.f32(name)).length < 1e6, `mutation ${i}`);
      }
      counts.read++;
    } catch (error) {
      ok(error instanceof CheckpointError, `mutation ${i}: ${(error as Error).stack}`);
      counts.refused++;
    }
  }
  console.log(JSON.stringify(counts));
  const grown = Deno.memoryUsage().rss - before;
  ok(counts.read > 1000 && counts.refused > 1000, JSON.stringify(counts));
  ok(grown < 300 * 2 ** 20, `${grown} bytes more than before`);
  equal((await readdir(folder)).join(), "damaged", "nothing is written");
  await Deno.remove(folder, { recursive: true });
});
