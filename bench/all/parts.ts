import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { benchFiles } from "../../src/commands/bench.ts";

const ROOT = new URL("../../", import.meta.url);

/** One thing to be done by a process of its own, which may fail or run out of time alone. */
export interface Part {
  /** Group and what of it, such as `ops/matmul`. */
  name: string;
  /** For Deno, which runs it in the project's folder. */
  args: string[];
  /**
   * What becomes of its output: a file of the results folder, where it is told briefly if nothing
   * failed, or measurements among others.
   */
  keeps: { file: string; briefly?: true } | "measurements" | "nothing";
  /** How long it may take at most. */
  seconds: number;
}

/** What parts are told. */
export interface PartSettings {
  /** The results folder of the adapter, and that of all adapters. */
  folder: string;
  out: string;
  software: boolean;
  /** A folder with more recorded cases. */
  golden: string;
  python: string;
  rounds: string;
}

/** How recorded cases are replayed: with both families of kernels, and in half as many bytes. */
const GOLDEN = [
  { name: "auto", options: [] },
  { name: "gpu", options: ["--kernels", "gpu"] },
  { name: "cpu", options: ["--kernels", "cpu"] },
  { name: "16-mixed", options: ["--precision", "16-mixed"] },
];

/**
 * Every part, in the order in which they are done: where time is short, what shows most comes
 * first.
 */
export function allParts(settings: PartSettings): Part[] {
  const { folder, out, software, golden, python, rounds } = settings;
  const cases = ["tests/golden", golden].filter((path) => path !== "").flatMap(casesIn);
  const cli = (...args: string[]) => ["run", "-A", "--no-check", pathOf("cli.ts"), ...args];
  const script = (path: string, ...args: string[]) => ["run", "-A", "--no-check", path, ...args];
  const inRounds = rounds === "" ? [] : [`rounds=${rounds}`];
  return [
    {
      name: "doctor",
      args: cli("doctor", "--json"),
      keeps: { file: "doctor.json" },
      seconds: 120,
    },
    ...GOLDEN.map(({ name, options }): Part => ({
      name: `golden/${name}`,
      args: cli("golden", ...options, ...cases),
      keeps: { file: `golden_${name}.txt`, briefly: true },
      seconds: software ? 600 : 240,
    })),
    {
      name: "profile",
      args: cli("bench", "step", `out=${join(folder, "step")}`),
      keeps: "nothing",
      seconds: 240,
    },
    benchPart("step", pathOf("bench/step_bench.ts"), software ? 600 : 240),
    {
      name: "peers",
      args: script(pathOf("bench/peers/run.ts"), `out=${out}`, `python=${python}`, ...inRounds),
      keeps: "nothing",
      seconds: software ? 1800 : 420,
    },
    {
      name: "scaling",
      args: script(pathOf("bench/scaling/run.ts"), `out=${out}`, ...inRounds),
      keeps: "nothing",
      seconds: software ? 900 : 240,
    },
    ...benchParts(software ? 420 : 180),
  ];
}

/** Every other bench, each by itself. */
function benchParts(seconds: number): Part[] {
  const files = benchFiles(ROOT).filter((file) => basename(file) !== "step_bench.ts");
  const groupOf = (file: string) => /[/\\](ops|data)[/\\]/.exec(file)?.[1];
  const order = ["ops", undefined, "data"];
  return files
    .toSorted((a, b) => order.indexOf(groupOf(a)) - order.indexOf(groupOf(b)))
    .map((file) => {
      const group = groupOf(file);
      const name = basename(file).replace(/_bench\.ts$/, "");
      return benchPart(group === undefined ? name : `${group}/${name}`, file, seconds);
    });
}

function benchPart(name: string, file: string, seconds: number): Part {
  return { name, args: ["bench", "-A", "--no-check", file], keeps: "measurements", seconds };
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}

/** Where parts run. */
export const PROJECT = fileURLToPath(ROOT);

/** The cases in a folder of them. @throws {Error} If it cannot be read. */
function casesIn(folder: string): string[] {
  const path = resolve(PROJECT, folder);
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name)).sort();
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`Cannot run bench:all: golden must be a folder of cases; ${why}`);
  }
}
