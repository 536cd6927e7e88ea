import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  readSafetensors,
  type SafetensorsMap,
  tensorF32,
  tensorI32,
} from "../../src/safetensors.ts";

/** One recorded case: the parsed `case.json` and its arrays. */
export interface GoldenCase {
  name: string;
  // deno-lint-ignore no-explicit-any -- every kind of case has fields of its own; tests pick theirs
  json: any;
  tensors: SafetensorsMap;
  /** Values of a float tensor; throws if the case has no such tensor. */
  f32(name: string): Float32Array;
  /** Values of an I32 or U8 tensor; throws if the case has no such tensor. */
  i32(name: string): Int32Array;
  shape(name: string): number[];
}

/** Where cases are looked for: the committed excerpt first, then a fuller set beside the project. */
const ROOTS = ["../golden/", "../../../shared/golden/"];

/** The folder of a case, or undefined where this checkout does not have it. */
export function findCase(name: string): string | undefined {
  return ROOTS.map((root) => fileURLToPath(new URL(`${root}${name}/`, import.meta.url)))
    .find((folder) => existsSync(`${folder}case.json`));
}

/** Loads the case called `name`, such as `tiny_softmax`. */
export function loadCase(name: string): GoldenCase {
  const folder = findCase(name);
  if (folder === undefined) throw new Error(`Cannot load golden case "${name}": no such folder`);
  const file = `${folder}tensors.safetensors`;
  const tensors = readSafetensors(readFileSync(file), file);
  return {
    name,
    json: JSON.parse(readFileSync(`${folder}case.json`, "utf8")),
    tensors,
    f32: (tensor) => tensorF32(tensors, tensor),
    i32: (tensor) => tensorI32(tensors, tensor),
    shape: (tensor) => {
      const entry = tensors.get(tensor);
      if (entry === undefined) throw new Error(`Cannot read ${name}: no tensor "${tensor}"`);
      return entry.shape;
    },
  };
}
