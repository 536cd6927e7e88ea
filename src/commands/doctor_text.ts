import { mib } from "../gpu/plan.ts";
import type { MachineReport } from "../machine/examine.ts";
import type { Style } from "./style.ts";

/** A line of the report; "note" is worth knowing and no obstacle. */
interface Line {
  state: "ok" | "note" | "missing";
  name: string;
  text: string;
  /** Lines below it: what to do. */
  more?: string[];
}

/** What a machine can do, as text that ends in one line: ready or not. */
export function describeMachine(report: MachineReport, style: Style): string {
  const { version, system } = report;
  return [
    style.heading(`denodino ${version}`) + `, Deno ${system.deno}`,
    fact("system", system.os),
    fact("processor", `${system.cores} cores, ${report.workers} for images`),
    fact("memory", `${gib(system.memoryBytes)}, ${gib(system.availableBytes)} of it available`),
    ...adapterFacts(report),
    "",
    ...checkLines(report).flatMap((line) => lineText(line, style)),
    "",
    verdictText(report, style),
  ].join("\n");
}

function fact(name: string, text: string): string {
  return `${name.padEnd(13)}${text}`;
}

function adapterFacts({ adapter }: MachineReport): string[] {
  if (adapter === null) return [fact("adapter", "none")];
  const features = [
    `f16 storage ${yes(adapter.shaderF16)}`,
    adapter.subgroupSize > 0 ? `subgroups of ${adapter.subgroupSize}` : "subgroups no",
    `timestamps ${yes(adapter.timestamps)}`,
  ];
  return [
    fact("adapter", `${adapter.name}, ${adapter.software ? "software" : "hardware"}`),
    ...(adapter.driver === "" || adapter.driver === adapter.name
      ? []
      : [fact("driver", adapter.driver)]),
    fact("features", features.join(", ")),
    fact("buffers", `at most ${mib(Math.min(adapter.maxBindingBytes, adapter.maxBufferBytes))}`),
    fact(
      "workgroups",
      `${adapter.maxWorkgroupLanes} lanes, ${adapter.maxWorkgroupBytes / 1024} KiB, ` +
        `${adapter.maxStorageBuffers} buffers`,
    ),
  ];
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

function checkLines(report: MachineReport): Line[] {
  const { decoders, system: { diskFreeBytes } } = report;
  const disk = diskFreeBytes === null ? [] : [diskLine(diskFreeBytes)];
  return [
    ...gpuLines(report),
    decoders.native === null
      ? { state: "ok", name: "images", text: "the native decoder loads and works" }
      : {
        state: "note",
        name: "images",
        text: `no native decoder (${decoders.native}): PNG, GIF and JPEG alone, and slower`,
        more: ["load it again: deno cache --reload=npm:@napi-rs/image cli.ts"],
      },
    decoders.wasm === null
      ? { state: "ok", name: "images, wasm", text: "the WebAssembly decoder loads and works" }
      : {
        state: "missing",
        name: "images, wasm",
        text: decoders.wasm,
        more: ["load it again: deno cache --reload=npm:imagescript cli.ts"],
      },
    ...disk,
  ];
}

/** A ViT-S's checkpoint takes 1 GiB, one of a ViT-g 20. */
const LITTLE_DISK = 5 * 2 ** 30;

function diskLine(bytes: number): Line {
  const state = bytes < LITTLE_DISK ? "note" : "ok";
  return { state, name: "disk", text: `${gib(bytes)} free in this folder` };
}

function gpuLines({ adapter, checks, failure, remedy }: MachineReport): Line[] {
  const found: Line = adapter === null
    ? { state: "missing", name: "adapter", text: "no WebGPU adapter found", more: remedy }
    : { name: "adapter", ...adapterLine(adapter.software, remedy) };
  if (checks === null) {
    const broken: Line[] = adapter === null || failure === null
      ? []
      : [{ state: "missing", name: "kernels", text: failure }];
    return [found, ...broken];
  }
  const { matmul, half, longLoop } = checks;
  const size = `${matmul.size} x ${matmul.size}`;
  return [
    found,
    {
      state: matmul.right ? "ok" : "missing",
      name: "matmul",
      text: `${rate(matmul.gflops)} GFLOP/s, ${size}, ${matmul.right ? "right" : "wrong"}: ` +
        `error ${matmul.maxError.toExponential(1)}`,
      ...(matmul.right ? {} : { more: ["update the GPU's driver"] }),
    },
    { state: "ok", name: "copy", text: `${rate(checks.copyGigabytesPerSecond)} GB/s` },
    halfLine(half),
    longLoop ? { state: "ok", name: "long loops", text: "run to their end" } : {
      state: "note",
      name: "long loops",
      text: "end after 65,535 iterations, as known of older lavapipe; kernels do without",
    },
  ];
}

function adapterLine(software: boolean, remedy: string[]): Omit<Line, "name"> {
  if (!software) return { state: "ok", text: "a GPU" };
  const text = "a software one: the processor does all the work";
  return { state: "note", text, more: remedy };
}

function halfLine(half: boolean | null): Line {
  const name = "f16";
  if (half === null) {
    return {
      state: "note",
      name,
      text: "not offered; precision=16-mixed needs it, float32 does not",
    };
  }
  return half ? { state: "ok", name, text: "stored and read right" } : {
    state: "note",
    name,
    text: "offered, but wrong: precision=16-mixed is refused, update the driver",
  };
}

function lineText({ state, name, text, more = [] }: Line, style: Style): string[] {
  const mark = style.mark(state);
  return [`${mark} ${name.padEnd(13)}${text}`, ...more.map((line) => `  ${line}`)];
}

function verdictText({ verdict }: MachineReport, style: Style): string {
  switch (verdict) {
    case "ready":
      return style.good("ready");
    case "slow":
      return style.warning("ready, but slow (software adapter)");
    case "not ready":
      return style.error("not ready");
  }
}

/** Three digits are enough to compare. */
function rate(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
