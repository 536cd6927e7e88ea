import type { Gpu } from "../gpu/gpu.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { softmaxStats } from "../ops/softmax_stats.ts";

/**
 * The targets that the losses compute on the fly: `exp((logits − center) / temp − lse)`.
 *
 * @param logits `[rows, K]`. @param center `[K]`. @param temp `[1]`.
 * @returns `[rows, K]`.
 */
export async function targetsOf(
  gpu: Gpu,
  logits: Tensor,
  center: Tensor,
  temp: Tensor,
): Promise<Float32Array> {
  const columns = logits.shape[1];
  const lse = await gpu.download(softmaxStats(gpu, logits, center, temp).lse);
  const subtracted = await gpu.download(center);
  const [t] = await gpu.download(temp);
  const values = await gpu.download(logits);
  return values.map((value, i) =>
    Math.exp((value - subtracted[i % columns]) / t - lse[Math.floor(i / columns)])
  );
}
