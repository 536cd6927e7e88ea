import { equal, ok } from "node:assert/strict";
import { runPart } from "../../../bench/all/run_part.ts";

const [folder, secondsLeft] = [Deno.cwd(), 60];

function evaluate(code: string, seconds = 60) {
  return runPart({ args: ["eval", code], seconds }, { folder, secondsLeft });
}

Deno.test("runPart() returns what a part printed", async () => {
  const { status, why, output } = await evaluate("console.log('a'); console.error('b')");
  equal(status, "done");
  equal(why, null);
  equal(output, "a\n");
});

Deno.test("runPart() tells why a part failed: its last lines", async () => {
  const code = "for (let i = 0; i < 20; i++) console.error('line', i); Deno.exit(3)";
  const { status, why } = await evaluate(code);
  equal(status, "failed");
  equal(why?.split("\n")[0], "line 12");
  equal(why?.split("\n").at(-1), "line 19");
  equal((await evaluate("console.log('only this'); Deno.exit(1)")).why, "only this");
});

Deno.test("runPart() stops what takes longer than it may, and keeps what it printed", async () => {
  const code = "console.log('begun'); setTimeout(() => {}, 60_000)";
  const { status, why, output, seconds } = await evaluate(code, 2);
  equal(status, "out of time");
  equal(why, "stopped after 2 s");
  equal(output, "begun\n");
  ok(seconds < 20);
  equal(
    (await runPart({ args: ["eval", code], seconds: 60 }, { folder, secondsLeft: 1 })).status,
    status,
  );
});
