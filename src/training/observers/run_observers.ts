import { existsSync } from "node:fs";
import { evaluationMetrics } from "../../config/evaluation_metrics.ts";
import { resolveModel } from "../../config/model_presets.ts";
import type { TrainConfig } from "../../config/train_config.ts";
import { rareMetrics } from "../assert_metric.ts";
import type { EpochAt } from "../epochs.ts";
import { MetricsFile, type MetricsRow, readMetrics } from "../metrics_file.ts";
import type { Observers } from "../observer.ts";
import type { RunFolder } from "../run_folder.ts";
import { DeviceStatsMonitor } from "./device_stats_monitor.ts";
import { EarlyStopping } from "./early_stopping.ts";
import { KnnWatch } from "./knn_watch.ts";
import { LearningRateMonitor } from "./learning_rate_monitor.ts";
import { LossScaleWatch } from "./loss_scale_watch.ts";
import { TensorBoardLog } from "./tensorboard_log.ts";

/**
 * Adds what the settings ask for: `loggers`, and those `callbacks` that only look on.
 *
 * @param place First step of this session, the numbers of the step before, and where epochs end.
 */
export function addRunObservers(
  observers: Observers,
  config: TrainConfig,
  folder: RunFolder,
  { startStep, before, epochAt }: { startStep: number; before?: MetricsRow; epochAt: EpochAt },
): void {
  const { loggers, callbacks, log_every_num_steps: everySteps, method_args: method } = config;
  if (callbacks.learning_rate_monitor !== null) {
    const { depth } = resolveModel(config.model, config.model_args);
    observers.add(new LearningRateMonitor(method, depth));
  }
  if (callbacks.device_stats_monitor !== null) observers.add(new DeviceStatsMonitor(everySteps));
  if (callbacks.early_stopping !== null) {
    const earlier = rowsBefore(startStep, folder);
    if (earlier.length < startStep) {
      observers.onMessage(
        `early stopping knows ${earlier.length} of the ${startStep} steps before: it takes up ` +
          "from those that metrics.jsonl has",
      );
    }
    const rare = rareMetrics(config);
    observers.add(new EarlyStopping(callbacks.early_stopping, epochAt, rare, earlier));
  }
  if (config.precision === "16-mixed") {
    observers.add(new LossScaleWatch((message) => observers.onMessage(message), before));
  }
  if (callbacks.knn !== null) observers.add(new KnnWatch(callbacks.knn.max_drop, before));
  if (loggers.tensorboard !== null) {
    const always = evaluationMetrics(callbacks);
    observers.add(new TensorBoardLog(folder.path, everySteps, startStep, always));
  }
  if (loggers.jsonl !== null) observers.add(new MetricsFile(folder.metrics, startStep));
}

/** The rows of the run before this session, as far as they were written. */
function rowsBefore(startStep: number, { metrics }: RunFolder): MetricsRow[] {
  if (startStep === 0 || !existsSync(metrics)) return [];
  return readMetrics(metrics).filter(({ step }) => step < startStep);
}
