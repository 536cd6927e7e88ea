import type { ConfigProblem } from "./config_error.ts";
import { evaluationMetrics } from "./evaluation_metrics.ts";
import type { TrainConfig } from "./train_config.ts";

/** Names that only evaluations can give, in groups: student or not, which of them, the rest. */
const EVALUATED = /^(student_)?(knn_top[15]|rank_me)(\/.*)?$/;

/** Monitors of metrics that the run will not have, or whose mode is the wrong way round. */
export function monitorProblems({ callbacks }: TrainConfig): ConfigProblem[] {
  const { model_checkpoint, early_stopping } = callbacks;
  const known = evaluationMetrics(callbacks);
  const watchers = Object.entries({ model_checkpoint, early_stopping });
  return watchers.flatMap(([name, watcher]) => {
    const { monitor, mode } = watcher ?? { monitor: null };
    if (monitor === null || !EVALUATED.test(monitor)) return [];
    if (!known.includes(monitor)) {
      const message = `must be a metric of the run, got "${monitor}"; ${remedyFor(monitor, known)}`;
      return [{ key: `callbacks.${name}.monitor`, message }];
    }
    if (mode === "max") return [];
    const key = `callbacks.${name}.mode`;
    return [{ key, message: `must be max for ${monitor}, of which more is better, got ${mode}` }];
  });
}

function remedyFor(monitor: string, known: readonly string[]): string {
  const [, student, name] = EVALUATED.exec(monitor)!;
  const [group, start] = name === "rank_me"
    ? ["rank_me", "callbacks.rank_me={} gives rank_me"]
    : ["knn", "callbacks.knn.train=FOLDER gives knn_top1"];
  if (!known.includes(name)) return start;
  if (student !== undefined) return `callbacks.${group}.student=true gives it`;
  return `known are ${known.join(", ")}`;
}
