import { stat } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";

/**
 * Asked before anything is computed.
 *
 * @throws {ConfigError} If the file is there and is not to be replaced.
 */
export async function refuseToReplace(
  { out, overwrite }: { out: string; overwrite: boolean },
): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined || (overwrite && found.isFile())) return;
  const message = found.isFile()
    ? `must be a new file, got "${out}", which exists; choose another, or write overwrite=true`
    : `must be a file, got the folder "${out}"; choose another`;
  throw new ConfigError([{ key: "out", message }]);
}
