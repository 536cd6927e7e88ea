// Everything that a change must pass, in order; run as a script by `deno task test`.
import process from "node:process";
import { addCounts, closingCounts, type TestCounts } from "./test_counts.ts";
import { ensureAdapter } from "./vulkan.ts";

interface Stage {
  name: string;
  args: string[];
  /** Whether its output ends in test counts. */
  counts: boolean;
}

/** With CI set, a lock file that does not fit the sources is an error instead of being mended. */
const frozen = Deno.env.get("CI") ? ["--frozen"] : [];

const STAGES: Stage[] = [
  { name: "format", args: ["fmt", "--check"], counts: false },
  { name: "lint", args: ["lint"], counts: false },
  { name: "types", args: ["check", ...frozen], counts: false },
  { name: "tests", args: ["test", "-A", ...frozen, "tests/"], counts: true },
  {
    name: "doc examples",
    args: ["test", "-A", "--doc", ...frozen, "mod.ts", "src/"],
    counts: true,
  },
];

/** Runs one stage, showing its output as it comes; returns success and, if it has any, counts. */
async function runStage({ name, args, counts }: Stage) {
  console.log(`\n== ${name}: deno ${args.join(" ")}`);
  const child = new Deno.Command(Deno.execPath(), {
    args,
    stdout: counts ? "piped" : "inherit",
    stderr: "inherit",
  }).spawn();
  let text = "";
  if (counts) {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      await Deno.stdout.write(chunk);
      text += decoder.decode(chunk, { stream: true });
    }
  }
  const { success } = await child.status;
  const found = closingCounts(text);
  if (counts && found === undefined) console.error(`Cannot count ${name}: no closing line`);
  return { success: success && (!counts || found !== undefined), counts: found };
}

async function main(): Promise<boolean> {
  if (!await ensureAdapter()) return false;
  let total: TestCounts = { passed: 0, failed: 0 };
  const failedStages: string[] = [];
  for (const stage of STAGES) {
    const { success, counts } = await runStage(stage);
    if (!success) failedStages.push(stage.name);
    if (counts !== undefined) total = addCounts(total, counts);
  }
  console.log(
    failedStages.length === 0
      ? "\nformat, lint, types, tests and doc examples passed"
      : `\nfailed: ${failedStages.join(", ")}`,
  );
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return failedStages.length === 0 && total.failed === 0;
}

if (import.meta.main) process.exitCode = await main() ? 0 : 1;
