import { open } from "node:fs/promises";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import { TorchFile } from "./torch_file.ts";
import type { WeightSource } from "./weight_source.ts";

/** What a zip archive begins with, and so a file of torch.save(). */
const ZIP = [0x50, 0x4b, 0x03, 0x04];

/** A pickle without an archive around it: PyTorch before 1.6. */
const PICKLE = 0x80;

/**
 * Opens a file of weights, told apart by its content: safetensors, or a `.pth` of PyTorch.
 *
 * @example
 * ```ts
 * import { openWeights } from "./open_weights.ts";
 *
 * async function namesIn(path: string) {
 *   await using weights = await openWeights(path);
 *   return [...weights.shapes.keys()];
 * }
 * ```
 *
 * @throws {CheckpointError} If the file is absent, damaged, or of another format.
 */
export async function openWeights(path: string): Promise<WeightSource> {
  if (await formatOf(path) === "torch") return await TorchFile.open(path);
  const file = await SafetensorsFile.open(path);
  return {
    shapes: new Map([...file.entries].map(([name, { shape }]) => [name, shape])),
    f32: (name) => file.f32(name),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/**
 * The format of a file of weights, by its first bytes; what is neither is for the safetensors
 * reader to refuse.
 *
 * @throws {CheckpointError} If the file is absent, or a pickle of PyTorch before 1.6.
 */
export async function formatOf(path: string): Promise<"torch" | "safetensors"> {
  const head = await firstBytes(path);
  if (ZIP.every((byte, i) => head[i] === byte)) return "torch";
  if (head[0] !== PICKLE || head[1] > 5) return "safetensors";
  throw new CheckpointError(
    `Cannot read "${path}": it must be a zip archive, got a pickle by itself; load it with ` +
      "PyTorch and save it again",
  );
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path).catch((error: Error) => {
    throw new CheckpointError(`Cannot read "${path}": ${error.message}`);
  });
  try {
    const bytes = new Uint8Array(4);
    await handle.read(bytes, 0, 4, 0);
    return bytes;
  } finally {
    await handle.close();
  }
}
