import { createHash } from "node:crypto";
import type { KernelSource } from "../gpu/kernel.ts";
import type { Plan } from "../gpu/plan.ts";

/** A hash of all that a plan runs, but for the memory: kernels, constants and grids. */
export function kernelHash({ phases }: Plan): string {
  const hash = createHash("sha256");
  for (const [phase, dispatches] of phases) {
    for (const { source, elem, entryPoint, constants, params, workgroups } of dispatches) {
      const words = params === undefined ? [] : [...new Uint32Array(params)];
      hash.update(
        JSON.stringify([phase, textOf(source), elem, entryPoint, constants, words, workgroups]),
      );
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Hashes of sources: some are tens of kilobytes, and many dispatches share one. */
const TEXTS = new Map<KernelSource, string>();

function textOf(source: KernelSource): string {
  let text = TEXTS.get(source);
  if (text === undefined) {
    const { root, parts, conditions } = typeof source === "string"
      ? { root: source, parts: {}, conditions: {} }
      : source;
    text = createHash("sha256").update(JSON.stringify([root, parts, conditions])).digest("hex");
    TEXTS.set(source, text);
  }
  return text;
}
