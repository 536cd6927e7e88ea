/** Native code; only who reads an image that needs it loads it. */
export const loadTransformer = async () => (await import("npm:@napi-rs/image@1.15.0")).Transformer;
