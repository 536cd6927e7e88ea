import { fileURLToPath } from "node:url";
import { readFile } from "node:fs/promises";
import { readSafetensors } from "../../src/safetensors.ts";
import { type MetricsRow, readMetrics } from "../../src/training/metrics_file.ts";
import { TINY_RUN } from "./tiny_run.ts";

const CLI = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** Settings by dotted names, as text. */
function leavesOf(settings: object, path = ""): [name: string, value: string][] {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? leavesOf(value, `${path}${name}.`)
      : [[path + name, typeof value === "string" ? value : JSON.stringify(value)]]
  );
}

/** A run of the program in a process of its own. */
export interface ChildRun {
  process: Deno.ChildProcess;
  /** Waits for its end; `output` is what it printed, to either stream. */
  end: Promise<{ code: number; signal: Deno.Signal | null; output: string }>;
}

/** Starts `train` on the tiny settings in a process of its own; `settings` come over them. */
export function startChild(settings: object, command = [Deno.execPath()]): ChildRun {
  const [program, ...first] = command;
  const leaves = new Map([...leavesOf(TINY_RUN), ...leavesOf(settings)]);
  const values = [...leaves].map(([name, value]) => `${name}=${value}`);
  const args = [...first, "run", "-A", CLI, "train", ...values];
  const process = new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const end = process.output().then(({ code, signal, stdout, stderr }) => {
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, signal, output: err + out };
  });
  return { process, end };
}

/** Waits until there is a file; gives up when the child has ended. */
export async function untilExists(path: string, { end }: ChildRun): Promise<boolean> {
  let ended = false;
  end.then(() => ended = true);
  while (!ended) {
    if (await Deno.stat(path).then(() => true, () => false)) return true;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return false;
}

/** The rows of a run without what depends on the machine's speed. */
export function lossesOf(out: string): Partial<MetricsRow>[] {
  return readMetrics(`${out}/metrics.jsonl`).map((row) =>
    Object.fromEntries(
      Object.entries(row).filter(([name]) => !/per_second|wait_share|bytes|_ms$/.test(name)),
    )
  );
}

/** Every tensor of a safetensors file, as bytes. */
export async function tensorsOf(path: string): Promise<Map<string, Uint8Array>> {
  const tensors = readSafetensors(new Uint8Array(await readFile(path)), path);
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}
