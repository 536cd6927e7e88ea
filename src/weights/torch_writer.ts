import type { FileHandle } from "node:fs/promises";
import { writeWhole } from "../files/write_whole.ts";
import { bytesOf } from "../safetensors_file.ts";
import type { ExportTensor } from "./export_tensors.ts";
import { writePickle } from "./pickle_writer.ts";
import { ZipWriter } from "./zip_writer.ts";

/** The folder of everything in the archive. */
const FOLDER = "archive";

/**
 * Writes a state dict as PyTorch's `torch.save` does: a zip archive with a pickle of names and
 * shapes, and a member for the numbers of each tensor. `torch.load(path, weights_only=True)` reads
 * it. The file appears whole or not at all.
 */
export async function writeTorchFile(
  path: string,
  tensors: readonly ExportTensor[],
): Promise<void> {
  await writeWhole(path, (file) => writeArchive(new ZipWriter(file), tensors));
}

async function writeArchive(zip: ZipWriter, tensors: readonly ExportTensor[]): Promise<void> {
  const items = tensors.map(({ name, shape }, i) => [name, { shape, key: String(i) }] as const);
  await beginArchive(zip, writePickle(items, { ordered: true }));
  for (const [i, { values }] of tensors.entries()) {
    await zip.add(storageName(i), bytesOf(await values()));
  }
  await endArchive(zip);
}

/**
 * Writes a dictionary of one tensor and a list, `{embeddings, filenames}`, as `torch.save` would.
 *
 * @param parts The tensor's bytes, in order.
 */
export async function writeTorchFeatures(
  file: FileHandle,
  { names, shape, parts }: {
    names: readonly string[];
    shape: readonly number[];
    parts: AsyncIterable<Uint8Array>;
  },
): Promise<void> {
  const zip = new ZipWriter(file);
  const items = [["embeddings", { shape, key: "0" }], ["filenames", names]] as const;
  await beginArchive(zip, writePickle(items, { ordered: false }));
  await zip.addParts(storageName(0), shape.reduce((bytes, size) => bytes * size, 4), parts);
  await endArchive(zip);
}

async function beginArchive(zip: ZipWriter, pickle: Uint8Array): Promise<void> {
  await zip.add(`${FOLDER}/data.pkl`, pickle);
  await zip.add(`${FOLDER}/byteorder`, new TextEncoder().encode("little"));
}

async function endArchive(zip: ZipWriter): Promise<void> {
  await zip.add(`${FOLDER}/version`, new TextEncoder().encode("3\n"));
  await zip.finish();
}

function storageName(key: number): string {
  return `${FOLDER}/data/${key}`;
}
