// The inner modules: the package's own entry copies pixels one by one and loads a native encoder.
export { default as gifDecoder } from "npm:imagescript@1.3.1/wasm/node/gif.js";
export { default as jpegDecoder } from "npm:imagescript@1.3.1/wasm/node/jpeg.js";
export { default as pngDecoder } from "npm:imagescript@1.3.1/wasm/node/png.js";

/** The JPEG encoder is native code; only who writes JPEGs loads it. */
export const loadEncoders = async () =>
  (await import("npm:imagescript@1.3.1/codecs/node/index.js")).default;
