import type { EvaluationArgs } from "./evaluation_args.ts";

/** Networks of a run. */
export type NetworkName = "teacher" | "student";

/** The networks that an evaluation looks at; none where it is switched off. */
export function networksOf(args: { student: boolean } | null): NetworkName[] {
  if (args === null) return [];
  return args.student ? ["teacher", "student"] : ["teacher"];
}

/** The networks that any evaluation looks at. */
export function evaluatedNetworks({ knn, rank_me }: EvaluationArgs): NetworkName[] {
  return [...new Set([...networksOf(knn), ...networksOf(rank_me)])];
}

/** What a metric of a network is called. */
export function metricOf(network: NetworkName, name: string): string {
  return network === "teacher" ? name : `${network}_${name}`;
}

/** What the metrics of a number of neighbours end in: nothing for the first of them. */
export function neighboursSuffix(k: number, counts: readonly number[]): string {
  return k === counts[0] ? "" : `/k${k}`;
}

/** The best `knn_top1` of the teacher so far. */
export const BEST_KNN = "knn_top1_best";

/** The metrics that evaluations add to the rows of the steps after which they are made. */
export function evaluationMetrics({ knn, rank_me }: EvaluationArgs): string[] {
  const ofKnn = knn === null ? [] : knn.k.flatMap((k) => {
    const suffix = neighboursSuffix(k, knn.k);
    return [`knn_top1${suffix}`, `knn_top5${suffix}`];
  });
  return [
    ...networksOf(knn).flatMap((network) => ofKnn.map((name) => metricOf(network, name))),
    ...networksOf(rank_me).map((network) => metricOf(network, "rank_me")),
  ];
}
