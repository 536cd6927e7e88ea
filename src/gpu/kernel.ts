import { linkRegistry, RecordResolver } from "../deps/wesl.ts";
import type { DType } from "./tensor.ts";

/** How kernels store what they call `elem`: activations and weights. */
export type Elem = Extract<DType, "f32" | "f16">;

/** A kernel's WGSL: text that stands alone, or text that imports from other files. */
export type KernelSource = string | LinkedKernel;

/** Files of `kernels/`, without `.wgsl`, and their text. */
export type KernelParts = Readonly<Record<string, string>>;

/**
 * A kernel that imports from other files of `kernels/`, as WESL has it:
 *
 *     import package::parts::row_sum::row_sum;
 *
 * It becomes plain WGSL when it is compiled, so a plan that is only printed links nothing.
 *
 * @example
 * ```ts
 * const sum = new LinkedKernel("import package::parts::two::TWO; const FOUR = 2 * TWO;", {
 *   "parts/two": "const TWO = 2;",
 * });
 * console.log(sum.wgsl("f32").includes("const TWO = 2;")); // true
 * ```
 */
export class LinkedKernel {
  readonly #linked = new Map<Elem, string>();

  /**
   * @param root The file with the entry points.
   * @param parts What it imports, and what that does.
   * @param conditions Values for `@if(..)` in any of them; `f16` is the storage of `elem`.
   */
  constructor(
    readonly root: string,
    readonly parts: KernelParts,
    readonly conditions: Readonly<Record<string, boolean>> = {},
  ) {}

  /** Plain WGSL. @throws {Error} If an import leads nowhere; the message shows the line. */
  wgsl(elem: Elem): string {
    const known = this.#linked.get(elem);
    if (known !== undefined) return known;
    const text = this.#link(elem);
    this.#linked.set(elem, text);
    return text;
  }

  #link(elem: Elem): string {
    const files = { root: this.root, ...this.parts };
    const { dest } = linkRegistry({
      resolver: new RecordResolver(
        Object.fromEntries(Object.entries(files).map(([name, text]) => [`${name}.wgsl`, text])),
      ),
      rootModuleName: "root",
      conditions: { ...this.conditions, f16: elem === "f16" },
    });
    const text = dest.text.replace(/^alias u64 = u32;$/m, ""); // WESL does not know wgpu's own type
    return elem === "f16" ? `enable f16; ${text}` : text;
  }
}

/**
 * The WGSL of a kernel with the storage type of its activations filled in.
 *
 * WGSL has no type constants. A kernel that stands alone gets the line that says what `elem` is; a
 * linked one imports it.
 */
export function wgslOf(source: KernelSource, elem: Elem): string {
  if (source instanceof LinkedKernel) return source.wgsl(elem);
  // On the first line, so that the compiler counts lines as the file does.
  return `${elem === "f16" ? "enable f16; " : ""}alias elem = ${elem}; ${source}`;
}
