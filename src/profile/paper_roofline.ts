import { bytesOf } from "../gpu/plan.ts";
import { type Dispatch, gridOf } from "../gpu/recorder.ts";
import { type GpuModel, peakGflops } from "./gpu_models.ts";
import { type KernelFootprint, kernelFootprint } from "./kernel_footprint.ts";
import { type KernelTraits, traitsOf } from "./kernel_traits.ts";
import { leastTimes } from "./roofline.ts";

/** What the cautious estimate takes for granted: round numbers, of the size that others measured. */
export const ASSUMED = {
  /** From when a lane asks the memory for something to when it has it. */
  latencyNs: 600,
  /** From the end of a dispatch to the beginning of the next, which needs its result. */
  gapUs: 4,
  /** Instructions for each vector from workgroup memory: its address, its bounds, the load. */
  instructionsPerVector: 3,
  /** Bytes of workgroup memory that a multiprocessor can read in a clock cycle. */
  workgroupBytesPerClock: 128,
} as const;

/** How a dispatch lies on a GPU. */
export interface Placement extends KernelFootprint, KernelTraits {
  workgroups: number;
  /** Workgroups that a multiprocessor holds at once. */
  resident: number;
  /** Share of the lanes that a multiprocessor could hold. */
  occupancy: number;
  /** Share of the multiprocessors' time that is not spent waiting for the last workgroups. */
  tail: number;
  /** Share of the operations that is not spent on what tiles have past the edges. */
  edge: number;
}

/** Dispatches of one kernel in a step, on paper. */
export interface PaperKernel extends
  Pick<
    Placement,
    "lanes" | "registers" | "workgroupBytes" | "workgroupBytesPerFlop" | "occupancy"
  > {
  name: string;
  dispatches: number;
  flops: number;
  bytes: number;
  workgroups: number;
  roof: "arithmetic" | "memory";
  /** Shares of the arithmetic that last workgroups, and what tiles have past the edges, leave. */
  tail: number;
  edge: number;
  /** At the limits of arithmetic and memory. */
  rooflineMs: number;
  /** The same, with tiles past the edges, and the last workgroups waited for: the least there is. */
  leastMs: number;
  /** With what the kernel does besides, see {@linkcode ASSUMED}. */
  cautiousMs: number;
}

/** A step on a GPU that need not be there: bounds by arithmetic, not measurements. */
export interface PaperRoofline {
  gpu: string;
  gflops: number;
  gigabytesPerSecond: number;
  images: number;
  dispatches: number;
  rooflineMs: number;
  leastMs: number;
  cautiousMs: number;
  /** The most there can be, and what is to be expected at least. */
  mostImagesPerSecond: number;
  cautiousImagesPerSecond: number;
  kernels: PaperKernel[];
}

/**
 * Holds a step against what is published of a GPU.
 *
 * @param dispatches All that a step runs, as often as it runs it.
 * @param images That a step takes.
 */
export function paperRoofline(
  dispatches: readonly Dispatch[],
  gpu: GpuModel,
  images: number,
): PaperRoofline {
  const byKernel = Map.groupBy(dispatches, ({ label }) => label.split(" ")[0]);
  const kernels = [...byKernel].map(([name, list]) => paperKernel(name, list, gpu))
    .sort((a, b) => b.leastMs - a.leastMs);
  const total = (key: "rooflineMs" | "leastMs" | "cautiousMs") =>
    kernels.reduce((sum, kernel) => sum + kernel[key], 0);
  const [leastMs, cautiousMs] = [total("leastMs"), total("cautiousMs")];
  return {
    gpu: gpu.name,
    gflops: peakGflops(gpu),
    gigabytesPerSecond: gpu.gigabytesPerSecond,
    images,
    dispatches: dispatches.length,
    rooflineMs: total("rooflineMs"),
    leastMs,
    cautiousMs,
    mostImagesPerSecond: images * 1000 / leastMs,
    cautiousImagesPerSecond: images * 1000 / cautiousMs,
    kernels,
  };
}

function paperKernel(name: string, list: readonly Dispatch[], gpu: GpuModel): PaperKernel {
  const kernel = {
    flops: 0,
    bytes: 0,
    workgroups: 0,
    rooflineMs: 0,
    leastMs: 0,
    cautiousMs: 0,
  };
  let [arithmeticMs, memoryMs, occupancyMs, tileFlops] = [0, 0, 0, 0];
  for (const dispatch of list) {
    const placement = placementOf(dispatch, gpu);
    const times = timesOf(dispatch, placement, gpu);
    kernel.flops += dispatch.flops ?? 0;
    kernel.bytes += bytesOf(dispatch);
    kernel.workgroups += placement.workgroups;
    kernel.rooflineMs += times.rooflineMs;
    kernel.leastMs += times.leastMs;
    kernel.cautiousMs += times.cautiousMs;
    arithmeticMs += times.arithmeticMs;
    memoryMs += times.memoryMs;
    occupancyMs += placement.occupancy * times.leastMs;
    tileFlops += (dispatch.flops ?? 0) / placement.edge;
  }
  const { lanes, workgroupBytes, workgroupBytesPerFlop, registers } = placementOf(list[0], gpu);
  return {
    name,
    dispatches: list.length,
    ...kernel,
    lanes,
    workgroupBytes,
    workgroupBytesPerFlop,
    registers,
    occupancy: occupancyMs / kernel.leastMs,
    tail: kernel.flops === 0 ? 1 : tailOf(list, gpu),
    edge: kernel.flops === 0 ? 1 : kernel.flops / tileFlops,
    roof: arithmeticMs >= memoryMs ? "arithmetic" : "memory",
  };
}

/** The share of all their arithmetic that last workgroups leave to dispatches. */
function tailOf(list: readonly Dispatch[], gpu: GpuModel): number {
  const sums = list.map((dispatch) => {
    const { tail, edge } = placementOf(dispatch, gpu);
    const work = (dispatch.flops ?? 0) / edge;
    return { work, slowed: work / tail };
  });
  const total = (key: "work" | "slowed") => sums.reduce((sum, each) => sum + each[key], 0);
  return total("work") / total("slowed");
}

/** How a dispatch lies on a GPU. */
export function placementOf(dispatch: Dispatch, gpu: GpuModel): Placement {
  const { lanes, workgroupBytes } = kernelFootprint(dispatch);
  const { registers, ...traits } = traitsOf(dispatch);
  const workgroups = gridOf(dispatch.workgroups).reduce((product, size) => product * size, 1);
  const resident = Math.max(
    1,
    Math.floor(Math.min(
      gpu.workgroups,
      gpu.lanes / lanes,
      gpu.registers / (registers * lanes),
      gpu.workgroupKiB / (workgroupBytes / 1024 + RESERVED_KIB),
    )),
  );
  const each = workgroups / gpu.multiprocessors;
  return {
    workgroups,
    lanes,
    workgroupBytes,
    registers,
    ...traits,
    resident,
    occupancy: Math.min(resident, Math.max(1, each)) * lanes / gpu.lanes,
    tail: each / Math.ceil(each),
    edge: (dispatch.flops ?? 0) / (dispatch.tileFlops ?? dispatch.flops ?? 0) || 1,
  };
}

/** Workgroup memory that the system takes for each workgroup. */
const RESERVED_KIB = 1;

interface PaperTimes {
  arithmeticMs: number;
  memoryMs: number;
  rooflineMs: number;
  leastMs: number;
  cautiousMs: number;
}

function timesOf(dispatch: Dispatch, placement: Placement, gpu: GpuModel): PaperTimes {
  const limits = { gflops: peakGflops(gpu), gigabytesPerSecond: gpu.gigabytesPerSecond };
  const { arithmeticMs, memoryMs } = leastTimes(dispatch, limits);
  const { tail, edge, workgroupBytesPerFlop, stagingPerFlop } = placement;
  const tiledMs = arithmeticMs / (tail * edge);
  const { instructionsPerVector, workgroupBytesPerClock } = ASSUMED;
  // An operation is half an instruction; so many more bring its operands.
  const more = instructionsPerVector * workgroupBytesPerFlop / 16 + stagingPerFlop;
  const issueMs = tiledMs * (1 + 2 * more);
  const workgroupMs = tiledMs * workgroupBytesPerFlop *
    2 * gpu.multiplyAddsPerClock / workgroupBytesPerClock;
  const slowMemoryMs = memoryMs / Math.min(1, bandwidthShare(placement, gpu));
  return {
    arithmeticMs,
    memoryMs,
    rooflineMs: Math.max(arithmeticMs, memoryMs),
    leastMs: Math.max(tiledMs, memoryMs),
    cautiousMs: Math.max(issueMs, workgroupMs, slowMemoryMs) + ASSUMED.gapUs / 1000,
  };
}

/** Share of the bandwidth that what is on its way fills, by Little's law. */
function bandwidthShare(
  { workgroups, lanes, resident, bytesOnTheWay }: Placement,
  { multiprocessors, gigabytesPerSecond }: GpuModel,
): number {
  const alive = lanes * Math.min(workgroups, resident * multiprocessors);
  return alive * bytesOnTheWay / (ASSUMED.latencyNs * gigabytesPerSecond);
}
