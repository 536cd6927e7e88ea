import { deepEqual, equal } from "node:assert/strict";
import { addCounts, closingCounts } from "../../src/setup/test_counts.ts";

Deno.test("closingCounts() reads the last closing line of deno test", () => {
  const output = 'said "ok | 9 passed"\n\nok | 4 passed (2 steps) | 0 failed (1s)\n';
  deepEqual(closingCounts(output), { passed: 4, failed: 0 });
  const colored = "\x1b[31mFAILED\x1b[0m | 25 passed | 3 failed | 2 ignored \x1b[90m(9ms)\x1b[0m\n";
  deepEqual(closingCounts(colored), { passed: 25, failed: 3 });
  equal(closingCounts("error: Module not found\n"), undefined);
});

Deno.test("addCounts() sums", () => {
  deepEqual(addCounts({ passed: 1, failed: 2 }, { passed: 3, failed: 4 }), {
    passed: 4,
    failed: 6,
  });
});
