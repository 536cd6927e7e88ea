import { ConfigError } from "../config/config_error.ts";
import { nearestName } from "../config/nearest_name.ts";
import { evaluationMetrics } from "../config/evaluation_metrics.ts";
import type { TrainConfig } from "../config/train_config.ts";
import type { MetricsRow } from "./metrics_file.ts";
import { FEATURE_METRICS } from "./feature_stats.ts";
import { DEVICE_METRICS } from "./observers/device_stats_monitor.ts";

/**
 * Metrics that only some rows of a run have: those of the steps whose features are looked at, that
 * are not skipped, and after which it is evaluated, or its machine measured.
 */
export function rareMetrics({ callbacks, precision }: TrainConfig): string[] {
  return [
    ...FEATURE_METRICS,
    ...(precision === "16-mixed" ? ["grad_norm"] : []),
    ...evaluationMetrics(callbacks),
    ...(callbacks.device_stats_monitor === null ? [] : DEVICE_METRICS),
  ];
}

/**
 * Checks that a setting names a metric that the run has, by its first row.
 *
 * @param rare Metrics that later rows may have.
 * @throws {ConfigError} If it does not; tells the nearest, or all there are.
 */
export function assertMetric(
  key: string,
  name: string,
  row: MetricsRow,
  rare: readonly string[],
): void {
  const known = [...new Set([...Object.keys(row), ...rare])];
  if (known.includes(name)) return;
  const near = nearestName(name, known);
  const remedy = near === undefined ? `known are ${known.join(", ")}` : `did you mean ${near}?`;
  const message = `must be a metric of the run, got "${name}"; ${remedy}`;
  throw new ConfigError([{ key, message }]);
}
