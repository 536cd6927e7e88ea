import { equal } from "node:assert/strict";
import { DownloadLine } from "../../src/commands/download_line.ts";
import { recordedContext } from "../support/run_program.ts";

Deno.test("DownloadLine prints a line for every tenth off a terminal", () => {
  const { context, printed } = recordedContext();
  let ms = 0;
  const line = new DownloadLine(context.err, () => ms);
  for (let done = 0; done <= 100e6; done += 5e6, ms += 1000) line.update(done, 100e6);
  const lines = printed.err.trimEnd().split("\n");
  equal(lines.length, 10);
  equal(lines[0], "10.0 of 100.0 MB  5.0 MB/s  eta 0:18");
  equal(lines[9], "100.0 of 100.0 MB  5.0 MB/s  eta 0:00");
});

Deno.test("DownloadLine rewrites one line on a terminal, and ends it once", () => {
  const { context, printed } = recordedContext({ terminal: true });
  let ms = 0;
  const line = new DownloadLine(context.err, () => ms);
  line.update(20e6, 100e6); // of an earlier download
  ms = 50;
  line.update(21e6, 100e6); // too soon to be drawn
  ms = 1000;
  line.update(60e6, 100e6);
  line.update(100e6, 100e6);
  line.finish();
  const [clear, half] = ["\r\x1b[K", "━".repeat(12) + "─".repeat(8)];
  equal(
    printed.err,
    `${clear}${"━".repeat(4)}${"─".repeat(16)}  20.0 of 100.0 MB` +
      `${clear}${half}  60.0 of 100.0 MB  40.0 MB/s  eta 0:01` +
      `${clear}${"━".repeat(20)}  100.0 of 100.0 MB  80.0 MB/s  eta 0:00\n`,
  );
});
