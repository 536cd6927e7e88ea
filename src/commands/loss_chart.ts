const BARS = "▁▂▃▄▅▆▇█";
const WIDTH = 48;

/**
 * One line that shows how a quantity went: its name, a bar for each stretch of the run, and the
 * means of the first and the last stretch.
 *
 * @example
 * ```ts
 * import { lossChart } from "./loss_chart.ts";
 *
 * console.log(lossChart("train_loss", [3, 2, 1], 3)); // train_loss        █▅▁  3.000 → 1.000
 * ```
 */
export function lossChart(name: string, values: readonly number[], width = WIDTH): string {
  if (values.length === 0) return name.padEnd(18);
  const count = Math.min(width, values.length);
  const means = Array.from({ length: count }, (_, i) => {
    const stretch = values.slice(
      Math.floor(i * values.length / count),
      Math.floor((i + 1) * values.length / count),
    );
    return stretch.reduce((sum, value) => sum + value, 0) / stretch.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const bars = means.map((mean) => {
    const height = high > low ? (mean - low) / (high - low) : 0;
    return BARS[Math.round(height * (BARS.length - 1))];
  });
  const [first, last] = [means[0], means[count - 1]].map((mean) => mean.toFixed(3));
  return `${name.padEnd(18)}${bars.join("")}  ${first} → ${last}`;
}
