import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CheckpointError,
  readSafetensors,
  type SafetensorsMap,
  tensorF32,
  tensorI32,
} from "../safetensors.ts";

/** A recorded reference case: a folder with `case.json` and `tensors.safetensors`. */
export interface GoldenCase {
  readonly name: string;
  /** Where it was read from: some cases have files beside their tensors. */
  readonly folder?: string;
  /** Such as `dinov2-training-golden/1`. */
  readonly format: string;
  // deno-lint-ignore no-explicit-any -- every format has fields of its own; its replay names them
  readonly json: any;
  has(tensor: string): boolean;
  names(): string[];
  shape(tensor: string): number[];
  f32(tensor: string): Float32Array;
  i32(tensor: string): Int32Array;
  /** Tensors that nobody has asked the values of: nothing of a case may be left out. */
  unread(): string[];
}

/**
 * Reads a case.
 *
 * @throws {CheckpointError} If the folder holds none, or a damaged one.
 */
export async function readCase(folder: string): Promise<GoldenCase> {
  const path = join(folder, "tensors.safetensors");
  let json, bytes;
  try {
    json = JSON.parse(await readFile(join(folder, "case.json"), "utf8"));
    bytes = await readFile(path);
  } catch (error) {
    throw new CheckpointError(
      `Cannot read "${folder}": it must hold case.json and tensors.safetensors, got ` +
        `"${(error as Error).message}"; name the folders of recorded cases`,
    );
  }
  return { ...goldenCase(json, readSafetensors(bytes, path)), folder };
}

/** A case from its two parts. */
export function goldenCase(json: GoldenCase["json"], tensors: SafetensorsMap): GoldenCase {
  const read = new Set<string>();
  const noted = (tensor: string) => {
    read.add(tensor);
    return tensor;
  };
  return {
    name: json.name,
    format: json.format,
    json,
    has: (tensor) => tensors.has(tensor),
    names: () => [...tensors.keys()],
    shape: (tensor) => tensors.get(tensor)?.shape ?? [],
    f32: (tensor) => tensorF32(tensors, noted(tensor)),
    i32: (tensor) => tensorI32(tensors, noted(tensor)),
    unread: () => [...tensors.keys()].filter((tensor) => !read.has(tensor)),
  };
}
