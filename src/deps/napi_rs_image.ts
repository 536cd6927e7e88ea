/** Native code for formats that imagescript lacks; only who reads one of them loads it. */
export const loadTransformer = async () => (await import("npm:@napi-rs/image@1.15.0")).Transformer;
