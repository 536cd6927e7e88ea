import { metricOf } from "../../config/evaluation_metrics.ts";

/**
 * What an evaluation came to, as a line for people.
 *
 * @example
 * ```ts
 * import { describeMetrics } from "./describe_metrics.ts";
 *
 * const work = { images: 2500, seconds: 3.21 };
 * console.log(describeMetrics(100, { knn_top1: 0.558, knn_top5: 0.936 }, work));
 * // after 100 steps: k-NN top-1 55.8 %, top-5 93.6 %; 2500 images in 3.2 s
 * ```
 *
 * @param step Optimizer steps done.
 */
export function describeMetrics(
  step: number,
  metrics: Readonly<Record<string, number>>,
  { images, seconds }: { images: number; seconds: number },
): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const parts = (["teacher", "student"] as const).flatMap((network) => {
    const value = (name: string) => metrics[metricOf(network, name)];
    const [top1, top5, rank] = ["knn_top1", "knn_top5", "rank_me"].map(value);
    const words = [
      ...(top1 === undefined ? [] : [`k-NN top-1 ${percent(top1)}`, `top-5 ${percent(top5)}`]),
      ...(rank === undefined ? [] : [`RankMe ${rank.toFixed(1)}`]),
    ];
    if (words.length === 0) return [];
    return [(network === "student" ? "student " : "") + words.join(", ")];
  });
  const when = step === 0 ? "at the start" : `after ${step} ${step === 1 ? "step" : "steps"}`;
  return `${when}: ${parts.join("; ")}; ${images} images in ${seconds.toFixed(1)} s`;
}
