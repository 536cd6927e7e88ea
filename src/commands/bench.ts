import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearestName } from "../config/nearest_name.ts";
import type { Command } from "../deps/commander.ts";
import {
  type Channel,
  type CommandContext,
  examples,
  EXIT,
  print,
  UsageError,
} from "./command_line.ts";

/** The project, if its files lie here. */
const ROOT = new URL("../../", import.meta.url);

/**
 * Adds `bench` to the program, which {@linkcode addBenchStep} adds to; `run` is what it does and
 * returns whether all benches ran.
 */
export function addBench(program: Command, context: CommandContext, run = bench): Command {
  const command = program.command("bench")
    .description("time kernels, whole steps and the data path on this machine");
  command
    .argument("[names...]", "benches such as matmul or embed, or a folder: ops, data; all if none")
    .option("--list", "print the names of all benches")
    .option("--json", "print only the measurements, as a JSON list")
    .addHelpText("after", BENCH_HELP)
    .action(async (names, { list, json = false }) => {
      const files = chosenBenches(benchFiles(ROOT), names);
      if (list) return print(context.out, listed(files.map(nameOf), json));
      if (!await run(files, json ? context.out : undefined)) context.exitCode = EXIT.failed;
    });
  return command;
}

const BENCH_HELP = examples("bench matmul attention", "bench ops --json", "bench --list") +
  "\n\nOf a checkout of the project alone: benches are no part of what is imported by URL. What step\n" +
  "runs is a profile; the bench of whole steps is step_bench.ts.";

function listed(names: string[], json: boolean): string {
  return json ? JSON.stringify(names, null, 2) : names.join("\n");
}

/**
 * Every bench of the project, as paths.
 *
 * @throws {UsageError} If the project was not checked out.
 */
export function benchFiles(root: URL): string[] {
  const folder = root.protocol === "file:" ? fileURLToPath(new URL("bench/", root)) : undefined;
  if (folder === undefined || !existsSync(folder)) {
    throw new UsageError(
      `Cannot run benches: the project must be a local checkout, got ${root}; clone it and run ` +
        "this command there",
    );
  }
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_bench.ts")).sort().map((path) => join(folder, path));
}

/**
 * The benches of these names, files or folders; all of them for no name.
 *
 * @throws {UsageError} If there is none of a name.
 */
export function chosenBenches(files: readonly string[], names: readonly string[]): string[] {
  if (names.length === 0) return [...files];
  return [...new Set(names.flatMap((name) => benchesOf(files, name)))];
}

function benchesOf(files: readonly string[], name: string): string[] {
  const plain = name.replace(/\/$/, "");
  const found = files.filter((file) => {
    const path = file.replaceAll("\\", "/");
    return nameOf(file) === plain || `/${path}`.endsWith(`/${plain}`) ||
      path.includes(`/bench/${plain.replace(/^bench\//, "")}/`);
  });
  if (found.length > 0) return found;
  const near = nearestName(name, files.map(nameOf));
  const remedy = near === undefined ? "write bench --list for all" : `did you mean ${near}?`;
  throw new UsageError(`Cannot run benches: "${name}" must be the name of one; ${remedy}`);
}

/** `matmul` for `bench/ops/matmul_bench.ts`. */
function nameOf(file: string): string {
  return basename(file).replace(/_bench\.ts$/, "");
}

/** Runs benches; with `out`, nothing is shown but their measurements there, in the end as a list. */
async function bench(files: readonly string[], out?: Channel): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["bench", "-A", ...files],
    cwd: fileURLToPath(ROOT),
    env: { RUST_BACKTRACE: "0", ...(Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" }) },
    stdout: out === undefined ? "inherit" : "piped",
    stderr: "inherit",
  }).spawn();
  if (out === undefined) return (await child.status).success;
  const { success, stdout } = await child.output();
  print(out, JSON.stringify(measurementsIn(new TextDecoder().decode(stdout)), null, 2));
  return success;
}

/** The measurements among what benches print; Deno may put the bench's name before each line. */
export function measurementsIn(output: string): unknown[] {
  return [...output.matchAll(/\{"name":.*\}$/gm)].map(([text]) => JSON.parse(text));
}
