import { type Bar, barChart, type BarGroup } from "../report/bar_chart.ts";
import type { Color } from "../report/canvas.ts";
import { ms, percent, profileSummary } from "./profile_text.ts";
import type { Work } from "./roofline.ts";
import type { StepProfile } from "./step_profile.ts";

/** Bars of each group; what took less time is added up in one more. */
const KERNELS = 16;
const LAYERS = 20;

export const ARITHMETIC: Color = [44, 102, 176];
export const MEMORY: Color = [28, 145, 126];
export const LOST: Color = [246, 196, 138];
export const UNKNOWN: Color = [150, 157, 168];

/** A profile as a picture: where the time goes, and how much of it the machine's limits explain. */
export function profileChart(profile: StepProfile): Uint8Array<ArrayBuffer> {
  const legend = profile.limits === null
    ? [{ color: UNKNOWN, text: "time; the adapter's limits are not known" }]
    : [
      { color: ARITHMETIC, text: "time that the adapter's arithmetic needs at least" },
      { color: MEMORY, text: "time that its memory needs at least" },
      { color: LOST, text: "time due to the kernel itself" },
    ];
  return barChart(
    [
      group("kernels", profile.kernels, KERNELS),
      group("parts of the model", profile.layers, LAYERS),
    ],
    { title: "Where the time of a training step goes", notes: profileSummary(profile), legend },
  );
}

function group(
  heading: string,
  works: readonly Work[],
  most: number,
): BarGroup {
  const rest = works.slice(most);
  const bars = works.slice(0, most).map((work) => barOf(work));
  if (rest.length > 0) {
    const sum = (key: "ms" | "share") => rest.reduce((sum, work) => sum + work[key], 0);
    bars.push({
      label: `${rest.length} more`,
      parts: [{ length: sum("ms"), color: UNKNOWN }],
      cells: [percent(sum("share")), ms(sum("ms")), "", "", ""],
    });
  }
  return { heading, columns: ["share", "ms", "GFLOP/s", "GB/s", "of limit"], bars };
}

function barOf(work: Work): Bar {
  const { name, ms: time, share, flops, gflops, gigabytesPerSecond, limitShare, roof } = work;
  const cells = [
    percent(share),
    ms(time),
    flops === 0 ? "" : gflops.toFixed(1),
    gigabytesPerSecond.toFixed(1),
    limitShare === null ? "" : percent(limitShare, 0),
  ];
  if (limitShare === null) {
    return { label: name, parts: [{ length: time, color: UNKNOWN }], cells };
  }
  const needed = time * Math.min(1, limitShare);
  const parts = [
    { length: needed, color: roof === "arithmetic" ? ARITHMETIC : MEMORY },
    { length: time - needed, color: LOST },
  ];
  return { label: name, parts, cells };
}
