import type { Dispatch } from "../../src/gpu/recorder.ts";
import { wgslOf } from "../../src/gpu/kernel.ts";
import type { DType, Tensor } from "../../src/gpu/tensor.ts";

/**
 * Where a dispatch binds a tensor that is stored otherwise than its kernel reads it, one sentence
 * each: WebGPU itself would take any bytes for any type.
 */
export function mistypedBindings(dispatch: Dispatch): string[] {
  const { source, entryPoint, elem = "f32", label } = dispatch;
  const types = declaredTypes(wgslOf(source, elem), entryPoint);
  const bound = [...dispatch.inputs, ...dispatch.outputs];
  return bound.flatMap((tensor, index) => {
    const type = types.get(index + 1);
    // What is absent is never read: another tensor of the call is bound in its place.
    const standsIn = bound.some((other, i) => i !== index && isSame(other, tensor));
    if (type === undefined || standsIn || entryPoint === "forward" && isFill(label)) return [];
    const wanted = dtypeOf(type, elem);
    if (tensor.dtype === wanted) return [];
    return [`${label}: binding ${index + 1} is ${type}, got ${tensor.label} of ${tensor.dtype}`];
  });
}

/** It writes words, whatever they are. */
function isFill(label: string): boolean {
  return label.startsWith("fill.");
}

function isSame(a: Tensor, b: Tensor): boolean {
  return a.storage === b.storage && a.offsetBytes === b.offsetBytes;
}

/** Element types of the storage variables that an entry point uses, by binding. */
function declaredTypes(source: string, entryPoint: string): Map<number, string> {
  const text = source.replace(/\/\/.*$/gm, "");
  const used = namesUsedBy(text, entryPoint);
  const types = new Map<number, string>();
  const variable =
    /@binding\((\d+)\)\s*var<storage[^>]*>\s*(\w+)\s*:\s*array<(.+?)(?:,\s*\d+)?>\s*;/g;
  for (const [, binding, name, type] of text.matchAll(variable)) {
    if (used.has(name)) types.set(Number(binding), type);
  }
  return types;
}

/** All identifiers in an entry point and in what it calls. */
function namesUsedBy(text: string, entryPoint: string): Set<string> {
  const bodies = new Map<string, string>();
  for (const { 1: name, index } of text.matchAll(/\bfn\s+(\w+)\s*\(/g)) {
    bodies.set(name, block(text, text.indexOf("{", index)));
  }
  const used = new Set<string>();
  const queue = [entryPoint];
  for (const name of queue) {
    for (const [word] of (bodies.get(name) ?? "").matchAll(/(?<![.\w])[A-Za-z_]\w*/g)) {
      if (bodies.has(word) && !queue.includes(word)) queue.push(word);
      used.add(word);
    }
  }
  return used;
}

/** The braces that open at `start`, and what is between them. */
function block(text: string, start: number): string {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return text.slice(start, at + 1);
  }
  return text.slice(start);
}

function dtypeOf(type: string, elem: DType): DType {
  if (type === "Cell" || type.includes("elem")) return elem;
  return /u32|vec\du$/.test(type) ? "u32" : "f32";
}
