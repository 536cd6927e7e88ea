import { deepEqual, equal, match } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { LogFile, timeText, zoneText } from "../../../src/training/observers/log_file.ts";

const NOON = new Date(2026, 2, 1, 12, 5, 9);

Deno.test("LogFile puts a time before every line, which can be read at once", async () => {
  const path = await Deno.makeTempFile();
  using log = new LogFile(path);
  log.write("one\n\n  two", NOON);
  const lines = (await readFile(path, "utf8")).split("\n");
  deepEqual(lines, [
    "2026-03-01 12:05:09  one",
    "2026-03-01 12:05:09",
    "2026-03-01 12:05:09    two",
    "",
  ]);
  await Deno.remove(path);
});

Deno.test("LogFile goes on after a line that a kill cut off", async () => {
  const path = await Deno.makeTempFile();
  await writeFile(path, "2026-03-01 12:00:00  step 1\n2026-03-01 12:0");
  {
    using log = new LogFile(path);
    log.write("resumed", NOON);
  }
  equal(
    await readFile(path, "utf8"),
    "2026-03-01 12:00:00  step 1\n2026-03-01 12:0\n2026-03-01 12:05:09  resumed\n",
  );
  await Deno.remove(path);
});

Deno.test("timeText() and zoneText() tell the machine's own time", () => {
  equal(timeText(NOON), "2026-03-01 12:05:09");
  match(zoneText(NOON), /^UTC[+-]\d\d:\d\d$/);
  const east = { getTimezoneOffset: () => -330 } as Date,
    west = { getTimezoneOffset: () => 210 } as Date;
  deepEqual([zoneText(east), zoneText(west)], ["UTC+05:30", "UTC-03:30"]);
});
