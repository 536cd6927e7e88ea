export const VERSION = "0.1.25";

/** An array; every call takes it, and `ref` stands for one more. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray): JaxArray;
  mul(other: JaxArray): JaxArray;
  div(other: JaxArray): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  slice(...index: ([] | number)[]): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** Arrays by name. */
export type Named = Record<string, JaxArray>;

/** What we use of the package. */
export interface JaxJs {
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): void;
  blockUntilReady(arrays: unknown): Promise<unknown>;
  jit<Inputs, Results>(f: (inputs: Inputs) => Results): (inputs: Inputs) => Results;
  /** The value of `f`, and what takes its gradient to those of the arguments. */
  vjp<Arguments extends unknown[]>(
    f: (...args: Arguments) => JaxArray,
    args: Arguments,
  ): [value: JaxArray, pull: (gradient: JaxArray) => Arguments];
  numpy: {
    array(data: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    mean(x: JaxArray, axis: number, options: { keepdims: boolean }): JaxArray;
    square(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
  };
  nn: {
    gelu(x: JaxArray, options: { approximate: boolean }): JaxArray;
    dotProductAttention(q: JaxArray, k: JaxArray, v: JaxArray): JaxArray;
  };
}

/** Loads the package. Not by a literal name, which everybody's first run of anything would load. */
export async function loadJaxJs(): Promise<JaxJs> {
  const specifier = `npm:@jax-js/jax@${VERSION}`;
  return await import(specifier);
}
