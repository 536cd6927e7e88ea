import { deepEqual, equal, throws } from "node:assert/strict";
import { benchFiles, chosenBenches, measurementsIn } from "../../src/commands/bench.ts";
import { UsageError } from "../../src/commands/command_line.ts";
import { runWith } from "../support/run_program.ts";

const FILES = [
  "/p/bench/data/views_bench.ts",
  "/p/bench/ops/matmul_bench.ts",
  "/p/bench/step_bench.ts",
];

Deno.test("bench runs the benches of the names it is given", async () => {
  const ran: string[][] = [];
  const bench = (files: readonly string[]) => {
    ran.push(files.map((file) => file.replace(/.*\/bench\//, "")));
    return Promise.resolve(true);
  };
  equal((await runWith(["bench", "matmul", "step"], { bench })).code, 0);
  deepEqual(ran, [["ops/matmul_bench.ts", "step_bench.ts"]]);
  equal((await runWith(["bench", "add"], { bench: () => Promise.resolve(false) })).code, 1);
  const { out } = await runWith(["bench", "data", "--list", "--json"]);
  deepEqual(JSON.parse(out), ["cache", "decode", "views"]);
});

Deno.test("chosenBenches() takes names, folders and files", () => {
  deepEqual(chosenBenches(FILES, []), FILES);
  deepEqual(chosenBenches(FILES, ["views", "step"]), [FILES[0], FILES[2]]);
  deepEqual(chosenBenches(FILES, ["ops", "bench/ops/matmul_bench.ts"]), [FILES[1]]);
  deepEqual(chosenBenches(FILES, ["bench/data/"]), [FILES[0]]);
});

Deno.test("chosenBenches() names the nearest bench", () => {
  throws(
    () => chosenBenches(FILES, ["matmull"]),
    new UsageError('Cannot run benches: "matmull" must be the name of one; did you mean matmul?'),
  );
  throws(
    () => chosenBenches(FILES, ["everything"]),
    new UsageError(
      'Cannot run benches: "everything" must be the name of one; write bench --list for all',
    ),
  );
});

Deno.test("benchFiles() wants a checkout", () => {
  throws(
    () => benchFiles(new URL("https://example.com/denodino/")),
    new UsageError(
      "Cannot run benches: the project must be a local checkout, got " +
        "https://example.com/denodino/; clone it and run this command there",
    ),
  );
});

Deno.test("measurementsIn() finds the lines for programs", () => {
  deepEqual(
    measurementsIn('add: 3 ms\n{"name":"add","medianMs":3}\n| table |\nb: {"name":"b"}\n'),
    [
      { name: "add", medianMs: 3 },
      { name: "b" },
    ],
  );
});
