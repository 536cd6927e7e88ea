import { equal } from "node:assert/strict";
import { lossChart } from "../../src/commands/loss_chart.ts";

Deno.test("lossChart() draws a bar a stretch, and the means of the first and the last", () => {
  equal(lossChart("train_loss", [3, 2, 1], 3), "train_loss        █▅▁  3.000 → 1.000");
  equal(lossChart("koleo_loss", [0, 2, 4, 6], 2), "koleo_loss        ▁█  1.000 → 5.000");
});

Deno.test("lossChart() is no longer than the values", () => {
  equal(lossChart("x", [1, 0]), "x                 █▁  1.000 → 0.000");
});

Deno.test("lossChart() spreads values evenly over its width", () => {
  const chart = lossChart("x", Array.from({ length: 150 }, (_, i) => 150 - i));
  equal(chart.slice(18).split("  ")[0].length, 48);
});

Deno.test("lossChart() draws what never changes flat, and nothing for nothing", () => {
  equal(lossChart("x", [2, 2, 2]), "x                 ▁▁▁  2.000 → 2.000");
  equal(lossChart("x", []), "x                 ");
});
