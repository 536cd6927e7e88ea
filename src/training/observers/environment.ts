import { release } from "node:os";
import { PACKAGES } from "../../deps/packages.ts";
import { VERSION } from "../../version.ts";
import { bytesText } from "./number_text.ts";

/** What a run was started in: versions, machine, working folder, its git state, arguments. */
export async function describeEnvironment(): Promise<string> {
  const { deno, v8, typescript } = Deno.version;
  const { os, arch } = Deno.build;
  const memory = bytesText(Deno.systemMemoryInfo().total);
  return [
    `denodino ${VERSION}, Deno ${deno}, V8 ${v8}, TypeScript ${typescript}`,
    `packages: ${PACKAGES.join(", ")}`,
    `system: ${os} ${release()} ${arch}, ${navigator.hardwareConcurrency} processors, ${memory}`,
    `folder: ${Deno.cwd()}`,
    `git: ${await describeGit(Deno.cwd())}`,
    `arguments: ${argumentsText(Deno.args)}`,
  ].join("\n");
}

/** The arguments as a shell would take them; those of the program that called, if it was one. */
export function argumentsText(args: readonly string[]): string {
  if (args.length === 0) return "none";
  const quoted = args.map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`
  );
  return quoted.join(" ");
}

/** Longer than git needs on any disk; a run must not wait for it. */
const GIT_TIMEOUT_MS = 3000;

/** Commit and branch of a folder, and how many of its tracked files differ; never fails. */
export async function describeGit(folder: string): Promise<string> {
  try {
    const commit = await git(folder, "rev-parse", "HEAD");
    const branch = await git(folder, "rev-parse", "--abbrev-ref", "HEAD");
    const status = await git(folder, "status", "--porcelain", "--untracked-files=no");
    const changed = status.split("\n").filter((line) => line !== "").length;
    const state = changed === 0
      ? "nothing changed"
      : `${changed} changed ${changed === 1 ? "file" : "files"}, not committed`;
    return `${commit} (${branch}), ${state}`;
  } catch {
    return "none"; // no repository, no commit yet, no git, or not allowed to run it
  }
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const { state } = await Deno.permissions.query({ name: "run", command: "git" });
  if (state !== "granted") throw new Error("Cannot run git: not allowed"); // rather than be asked
  const { success, stdout } = await new Deno.Command("git", {
    args: ["-C", folder, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(GIT_TIMEOUT_MS),
  }).output();
  if (!success) throw new Error(`Cannot run git ${args.join(" ")}: it failed`);
  return new TextDecoder().decode(stdout).trim();
}
