import { type Bar, barChart } from "../report/bar_chart.ts";
import type { Color } from "../report/canvas.ts";
import type { PaperKernel, PaperRoofline } from "./paper_roofline.ts";
import { paperSummary, split } from "./paper_text.ts";
import { ARITHMETIC, LOST, MEMORY, UNKNOWN } from "./profile_chart.ts";
import { ms, percent } from "./profile_text.ts";

const TAIL: Color = [212, 122, 62];

/** What a step comes to on paper, as a picture: the least time of each kernel, and the cautious one. */
export function paperChart(paper: PaperRoofline): Uint8Array<ArrayBuffer> {
  const [shown, rest] = split(paper.kernels);
  const bars = shown.map(barOf).sort((a, b) => lengthOf(b) - lengthOf(a));
  if (rest.length > 0) {
    const sum = (key: "leastMs" | "cautiousMs") => rest.reduce((all, each) => all + each[key], 0);
    bars.push({
      label: `${rest.length} more`,
      parts: [{ length: sum("cautiousMs"), color: UNKNOWN }],
      cells: [ms(sum("leastMs")), ms(sum("cautiousMs")), "", "", ""],
    });
  }
  return barChart(
    [{
      heading: "kernels",
      columns: ["least ms", "cautious", "occupancy", "tail", "edge"],
      bars,
    }],
    {
      title: "A training step on paper",
      notes: paperSummary(paper),
      legend: [
        { color: ARITHMETIC, text: "arithmetic" },
        { color: MEMORY, text: "memory" },
        { color: TAIL, text: "last workgroups, edges of tiles" },
        { color: LOST, text: "what more it takes with caution" },
      ],
    },
  );
}

function barOf(kernel: PaperKernel): Bar {
  const { name, roof, rooflineMs, leastMs, cautiousMs, occupancy, tail, edge } = kernel;
  return {
    label: name,
    parts: [
      { length: rooflineMs, color: roof === "arithmetic" ? ARITHMETIC : MEMORY },
      { length: leastMs - rooflineMs, color: TAIL },
      { length: cautiousMs - leastMs, color: LOST },
    ],
    cells: [ms(leastMs), ms(cautiousMs), percent(occupancy, 0), percent(tail, 0), percent(edge, 0)],
  };
}

function lengthOf({ parts }: Bar): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
