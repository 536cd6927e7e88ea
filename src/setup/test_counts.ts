/** Tests that ran, steps not counted. */
export interface TestCounts {
  passed: number;
  failed: number;
}

/** What the closing line of `deno test` says, or undefined where there is none. */
export function closingCounts(output: string): TestCounts | undefined {
  // deno-lint-ignore no-control-regex -- colors, where the output keeps them
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const pattern = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm;
  const last = [...plain.matchAll(pattern)].at(-1);
  return last && { passed: Number(last[1]), failed: Number(last[2]) };
}

/** The sum of two runs. */
export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed };
}
