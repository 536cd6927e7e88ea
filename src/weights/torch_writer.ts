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
  const text = (content: string) => new TextEncoder().encode(content);
  const pickled = tensors.map(({ name, shape }, i) => ({ name, shape, key: String(i) }));
  await zip.add(`${FOLDER}/data.pkl`, writePickle(pickled));
  await zip.add(`${FOLDER}/byteorder`, text("little"));
  for (const [i, { values }] of tensors.entries()) {
    await zip.add(`${FOLDER}/data/${i}`, bytesOf(await values()));
  }
  await zip.add(`${FOLDER}/version`, text("3\n"));
  await zip.finish();
}
