import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemFacts } from "../../src/machine/system.ts";
import { VERSION } from "../../src/version.ts";
import { threeDigits } from "./statistics.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where results go unless somebody says otherwise. */
export const RESULTS = join(ROOT, "bench/results");

/** The machine that something was measured on; a load of other programs lengthens times. */
export interface MachineFacts {
  os: string;
  processor: string;
  cores: number;
  loadBefore: number;
  loadAfter: number;
}

/** What is told with every result. */
export interface Origin {
  date: string;
  commit: string;
  versions: { denodino: string; deno: string };
  adapter: string;
  software: boolean;
  machine: MachineFacts;
}

/**
 * Begins to measure: what is asked for in the end has the commit of now, before somebody makes
 * another, and the load of now beside that of then.
 */
export async function originNow(): Promise<
  (adapter: { name: string; software: boolean }) => Promise<Origin>
> {
  const commit = await describeCommit();
  const [loadBefore] = loadavg();
  return async ({ name, software }) => {
    const { os, cores } = await systemFacts();
    return {
      date: new Date().toISOString(),
      commit,
      versions: { denodino: VERSION, deno: Deno.version.deno },
      adapter: name,
      software,
      machine: { os, processor: await processor(), cores, loadBefore, loadAfter: loadavg()[0] },
    };
  };
}

/** Where, when and with what, in a line of Markdown. */
export function describeOrigin({ date, commit, machine }: Omit<Origin, "versions">): string {
  const { os, processor, cores, loadBefore, loadAfter } = machine;
  return `${date.slice(0, 16).replace("T", " ")} UTC, commit ${commit}, ${os}, ${processor}, ` +
    `${cores} cores (load ${threeDigits(loadBefore)} before, ${threeDigits(loadAfter)} after).`;
}

/** The folder of an adapter's results, which is made if it is not there. */
export async function resultsFolder(out: string, adapter: string): Promise<string> {
  const slug = adapter.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  const folder = join(out, slug);
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

/** What git calls the state of the project. */
export async function describeCommit(): Promise<string> {
  const git = new Deno.Command("git", { args: ["describe", "--always", "--dirty"], cwd: ROOT });
  const output = await git.output().catch(() => null);
  return output?.success ? new TextDecoder().decode(output.stdout).trim() : "unknown";
}

/** What the processor calls itself. */
async function processor(): Promise<string> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? "a processor without a name";
}
