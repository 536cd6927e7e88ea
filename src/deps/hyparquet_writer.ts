export type { ByteWriter } from "npm:hyparquet-writer@0.17.0";

/** Only who writes a Parquet file loads it. */
export const loadParquetWriter = () => import("npm:hyparquet-writer@0.17.0");
