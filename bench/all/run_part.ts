import type { Part } from "./parts.ts";

/** What became of a part. */
export interface PartOutcome {
  status: "done" | "failed" | "out of time";
  seconds: number;
  /** Why it is not done: the end of what it said. */
  why: string | null;
  output: string;
}

/** Lines of a failure that are kept. */
const LAST_LINES = 8;

/** Runs a part by itself, for no longer than it or the rest of the time allows. */
export async function runPart(
  { args, seconds }: Pick<Part, "args" | "seconds">,
  { folder, secondsLeft }: { folder: string; secondsLeft: number },
): Promise<PartOutcome> {
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1000 * Math.min(seconds, secondsLeft));
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  const [output, errors] = [decoder.decode(stdout), decoder.decode(stderr)];
  const took = (performance.now() - start) / 1000;
  if (late) {
    return {
      status: "out of time",
      seconds: took,
      why: `stopped after ${took.toFixed(0)} s`,
      output,
    };
  }
  if (success) return { status: "done", seconds: took, why: null, output };
  return { status: "failed", seconds: took, why: endOf(errors) || endOf(output), output };
}

function endOf(text: string): string {
  return text.trim().split("\n").slice(-LAST_LINES).join("\n");
}
