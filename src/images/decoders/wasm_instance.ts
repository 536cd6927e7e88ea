/**
 * A WebAssembly decoder that this thread keeps, made at its first use.
 *
 * One that throws is dropped, for its memory may be torn, and the next use makes a new one.
 *
 * @returns Runs a function with the decoder.
 */
export function wasmInstance<Decoder>(
  make: () => Promise<Decoder>,
): <Result>(use: (decoder: Decoder) => Result) => Promise<Result> {
  let instance: Decoder | undefined;
  return async (use) => {
    const decoder = instance ??= await make();
    try {
      return use(decoder);
    } catch (error) {
      instance = undefined;
      throw error;
    }
  };
}
