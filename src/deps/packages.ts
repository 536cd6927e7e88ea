/** The npm packages that training may load, as the log of a run names them. */
export const PACKAGES = [
  "zod@4.6.7",
  "commander@15.1.0",
  "@commander-js/extra-typings@15.1.0",
  "imagescript@1.3.1",
  "@napi-rs/image@1.15.0",
  "geotiff@2.1.3",
  "ml-matrix@6.15.1",
  "yaml@2.9.1",
  "smol-toml@1.9.1",
  "jsonc-parser@3.3.1",
  "csv-parse@7.0.3",
  "hyparquet-writer@0.17.0",
  "webgpu@0.6.2",
  "wesl@0.7.31",
] as const;
