import type { Dispatch } from "../gpu/recorder.ts";
import { wgslOf } from "../gpu/kernel.ts";

/** What a workgroup of a dispatch takes of a GPU's multiprocessor. */
export interface KernelFootprint {
  lanes: number;
  /** Of `var<workgroup>`, as far as the entry point reaches them. */
  workgroupBytes: number;
}

/**
 * Reads off a kernel's WGSL how many lanes a workgroup has, and how much workgroup memory.
 *
 * @throws {SyntaxError} If sizes are given in a way that no kernel here gives them.
 */
export function kernelFootprint(
  { source, entryPoint, constants, elem = "f32" }: Dispatch,
): KernelFootprint {
  const text = wgslOf(source, elem).replace(/\/\/[^\n]*/g, "");
  const values = new Sizes(text, constants ?? {});
  const entry = new RegExp(
    `@workgroup_size\\(([^)]*(?:\\([^)]*\\)[^)]*)*)\\)\\s*fn ${entryPoint}\\b`,
  )
    .exec(text);
  if (entry === null) throw new SyntaxError(`Cannot find ${entryPoint} and its workgroup size`);
  const lanes = entry[1].split(",").reduce((product, size) => product * values.of(size), 1);
  const reached = reachedFrom(entryPoint, functionsIn(text));
  const variables = text.matchAll(/var<workgroup>\s+(\w+)\s*:\s*([^;]+);/g);
  let workgroupBytes = 0;
  for (const [, name, type] of variables) {
    if (reached.has(name)) workgroupBytes += values.bytesOf(type);
  }
  return { lanes, workgroupBytes };
}

/** The body of each function. */
function functionsIn(text: string): Map<string, string> {
  const starts = [...text.matchAll(/\bfn\s+(\w+)/g)];
  return new Map(starts.map((start, i) => [
    start[1],
    text.slice(start.index, starts[i + 1]?.index),
  ]));
}

/** Every name that a function uses, or one that it calls does. */
function reachedFrom(entryPoint: string, functions: ReadonlyMap<string, string>): Set<string> {
  const reached = new Set<string>();
  const waiting = [entryPoint];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const [word] of functions.get(name)!.matchAll(/[A-Za-z_]\w*/g)) {
      if (reached.has(word)) continue;
      reached.add(word);
      if (functions.has(word)) waiting.push(word);
    }
  }
  return reached;
}

/** Bytes of the types that kernels keep in workgroup memory; a vec3f takes the place of a vec4f. */
const TYPE_BYTES: Record<string, number> = {
  f32: 4,
  u32: 4,
  i32: 4,
  "atomic<u32>": 4,
  vec2f: 8,
  vec2u: 8,
  vec3f: 16,
  vec4f: 16,
  vec4u: 16,
};

/** Whole numbers by their names in a kernel: its constants and overrides. */
class Sizes {
  readonly #expressions = new Map<string, string>();

  constructor(text: string, constants: Record<string, number>) {
    for (const [, name, value] of text.matchAll(/\b(?:const|override)\s+(\w+)[^=;]*=([^;]+);/g)) {
      this.#expressions.set(name, value);
    }
    for (const [name, value] of Object.entries(constants)) {
      this.#expressions.set(name, String(Number(value)));
    }
  }

  of(expression: string): number {
    const tokens = expression.match(/[A-Za-z_]\w*|\d+u?|<<|>>|[-+*/%|()&]/g) ?? [];
    const value = this.#sum(tokens);
    if (tokens.length > 0 || !Number.isInteger(value)) {
      throw new SyntaxError(`Cannot tell the size ${expression.trim()}`);
    }
    return value;
  }

  bytesOf(type: string): number {
    const [, element, count] = /^array<\s*(\w+)\s*,(.*)>$/s.exec(type.trim()) ?? [null, type, "1"];
    const bytes = TYPE_BYTES[element!.trim()];
    if (bytes === undefined) throw new SyntaxError(`Cannot tell the size of ${type.trim()}`);
    return bytes * this.of(count!);
  }

  // Operators by how tightly they bind; each takes its tokens off the list.
  #sum(tokens: string[]): number {
    let value = this.#product(tokens);
    while (tokens[0] === "+" || tokens[0] === "-" || tokens[0] === "|") {
      const operator = tokens.shift();
      const right = this.#product(tokens);
      value = operator === "+" ? value + right : operator === "-" ? value - right : value | right;
    }
    return value;
  }

  #product(tokens: string[]): number {
    let value = this.#term(tokens);
    while (tokens[0] === "*" || tokens[0] === "/" || tokens[0] === "%") {
      const operator = tokens.shift();
      const right = this.#term(tokens);
      value = operator === "*"
        ? value * right
        : operator === "/"
        ? Math.floor(value / right)
        : value % right;
    }
    return value;
  }

  #term(tokens: string[]): number {
    const token = tokens.shift();
    if (token === "(") {
      const value = this.#sum(tokens);
      return tokens.shift() === ")" ? value : NaN;
    }
    if (token === undefined) return NaN;
    if (/^\d/.test(token)) return parseInt(token);
    const named = this.#expressions.get(token);
    return named === undefined ? NaN : this.of(named);
  }
}
