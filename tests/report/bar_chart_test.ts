import { deepEqual } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";
import { barChart } from "../../src/report/bar_chart.ts";
import type { Color } from "../../src/report/canvas.ts";

const [RED, BLUE]: Color[] = [[200, 0, 0], [0, 0, 200]];

Deno.test("barChart() draws bars as long as what they stand for, the longest over the width", async () => {
  const bar = (red: number, blue: number) => ({
    label: "a",
    parts: [{ length: red, color: RED }, { length: blue, color: BLUE }],
    cells: ["1 %"],
  });
  const groups = [{ heading: "kernels", columns: ["share"], bars: [bar(1, 3), bar(2, 0)] }];
  const legend = [{ color: [0, 200, 0] as Color, text: "green" }];
  const { width, height, pixels } = await decodeImage(
    barChart(groups, { title: "Title", notes: ["a note"], legend }),
  );
  const is = (x: number, y: number, [r, g, b]: Color) => {
    const at = (y * width + x) * 3;
    return pixels[at] === r && pixels[at + 1] === g && pixels[at + 2] === b;
  };
  const rows = Array.from(
    { length: height },
    (_, y) =>
      [RED, BLUE].map((color) =>
        Array.from({ length: width }, (_, x) => Number(is(x, y, color))).reduce((a, b) => a + b)
      ),
  ).filter(([red, blue]) => red + blue > 0);
  deepEqual([...new Set(rows.map((row) => row.join()))], ["105,315", "210,0"]);
});
