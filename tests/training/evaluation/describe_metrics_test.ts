import { equal } from "node:assert/strict";
import { describeMetrics } from "../../../src/training/evaluation/describe_metrics.ts";

Deno.test("describeMetrics() tells both networks, as far as they were looked at", () => {
  const work = { images: 2500, seconds: 3.21 };
  equal(
    describeMetrics(0, { knn_top1: 0.258, knn_top5: 0.7, rank_me: 12.34 }, work),
    "at the start: k-NN top-1 25.8 %, top-5 70.0 %, RankMe 12.3; 2500 images in 3.2 s",
  );
  equal(
    describeMetrics(1, { rank_me: 2, student_rank_me: 1.5 }, work),
    "after 1 step: RankMe 2.0; student RankMe 1.5; 2500 images in 3.2 s",
  );
});
