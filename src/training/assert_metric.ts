import { ConfigError } from "../config/config_error.ts";
import { nearestName } from "../config/nearest_name.ts";
import type { MetricsRow } from "./metrics_file.ts";

/**
 * Checks that a setting names a metric that the run has, by its first row.
 *
 * @throws {ConfigError} If it does not; tells the nearest, or all there are.
 */
export function assertMetric(key: string, name: string, row: MetricsRow): void {
  if (name in row) return;
  const near = nearestName(name, Object.keys(row));
  const remedy = near === undefined
    ? `known are ${Object.keys(row).join(", ")}`
    : `did you mean ${near}?`;
  const message = `must be a metric of the run, got "${name}"; ${remedy}`;
  throw new ConfigError([{ key, message }]);
}
