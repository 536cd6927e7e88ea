import { type FileHandle, rm } from "node:fs/promises";
import { basename } from "node:path";
import { concatBytes } from "../files/concat_bytes.ts";
import { writeAll } from "../files/write_all.ts";
import { writeWhole } from "../files/write_whole.ts";
import { lengthOf, type MessageParts } from "../protobuf.ts";
import { encodeModel, numbersOf, sizeBytes } from "./encode.ts";
import { isWeight, type OnnxModel, type OnnxTensor } from "./graph.ts";

/** Bytes of the largest message that readers of protobuf take. */
const LARGEST_MESSAGE = 2 ** 31 - 1;
/** Readers map numbers into memory where they begin on such a boundary, in bytes. */
const ALIGNMENT = 4096;

/** The file of weights beside a model that does not hold them itself. */
export function dataFile(path: string): string {
  return `${path}.data`;
}

/**
 * Writes a model, weight by weight, so that few of them are in memory at a time. A model that is
 * too large for one message has its weights in {@linkcode dataFile}, which must stay beside it; one
 * that replaces such a model takes that file away.
 *
 * @param options `external`: weights lie in that file in any case; `largestBytes` of a message.
 * @returns The files that were written.
 */
export async function writeOnnx(
  path: string,
  model: OnnxModel,
  { external = false, largestBytes = LARGEST_MESSAGE }: {
    external?: boolean;
    largestBytes?: number;
  } = {},
): Promise<string[]> {
  const whole = encodeModel(model);
  const data = dataFile(path);
  if (!external && lengthOf(whole) <= largestBytes) {
    await writeWhole(path, (file) => writeParts(file, whole));
    await rm(data, { force: true }); // of a model that was here before: nothing names it now
    return [path];
  }
  const offsets = placesOf(model.graph.tensors.filter(isWeight));
  await writeWhole(data, async (file) => {
    for (const [tensor, offset] of offsets) {
      await writeAll(file, await numbersOf(tensor), offset);
    }
  });
  const parts = encodeModel(model, (tensor) => {
    const offset = offsets.get(tensor);
    return offset === undefined ? undefined : { file: basename(data), offset };
  });
  await writeWhole(path, (file) => writeParts(file, parts));
  return [path, data];
}

/** Where each tensor begins in the file of weights. */
function placesOf(tensors: readonly OnnxTensor[]): Map<OnnxTensor, number> {
  const offsets = new Map<OnnxTensor, number>();
  let end = 0;
  for (const tensor of tensors) {
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    offsets.set(tensor, offset);
    end = offset + sizeBytes(tensor);
  }
  return offsets;
}

/** Parts that are there already go to the system together, up to the next that comes late. */
async function writeParts(file: FileHandle, parts: MessageParts): Promise<void> {
  let ready: Uint8Array[] = [];
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      ready.push(part);
      continue;
    }
    await writeAll(file, concatBytes(ready));
    await writeAll(file, await part.make());
    ready = [];
  }
  await writeAll(file, concatBytes(ready));
}
