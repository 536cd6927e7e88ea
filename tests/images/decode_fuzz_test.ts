import { ok } from "node:assert/strict";
import type { FuzzCounts, FuzzJob, FuzzReport } from "./fuzz_worker.ts";

const FILES_OF_EACH = 2000;

/** Milliseconds that a file of a kilobyte may take; the slowest takes a few. */
const LONGEST_MS = 10_000;

/** What the last two thirds of the files may leave behind, in bytes. */
const MOST_GROWTH = 200e6;

/** Runs the worker to its end, or fails where it stops. */
async function fuzz(filesOfEach: number): Promise<FuzzReport> {
  const worker = new Worker(new URL("./fuzz_worker.ts", import.meta.url), { type: "module" });
  const begun = new Int32Array(new SharedArrayBuffer(4));
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FuzzReport>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault(); // else the whole process ends
        reject(new Error(`file ${begun[0]}: ${event.message}`));
      };
      let last = -1;
      timer = setInterval(() => {
        if (begun[0] === last) reject(new Error(`file ${last} takes over ${LONGEST_MS} ms`));
        last = begun[0];
      }, LONGEST_MS);
      worker.postMessage({ filesOfEach, begun } satisfies FuzzJob);
    });
  } finally {
    clearInterval(timer);
    worker.terminate();
  }
}

function tableOf(counts: FuzzCounts[]): string {
  const rows = counts.map(({ kind, read, refused, slowestMs }) =>
    [
      kind.padEnd(34),
      `${read}`.padStart(6),
      `${refused}`.padStart(8),
      slowestMs.toFixed(0).padStart(8),
    ]
      .join("")
  );
  return [`${"".padEnd(34)}  read refused slowest ms`, ...rows].join("\n");
}

Deno.test("decodeImage() gives an image or an error for 2000 damaged files of every kind", async () => {
  const { counts, memory } = await fuzz(FILES_OF_EACH);
  console.log(tableOf(counts));
  const growth = memory[1] - memory[0];
  console.log(`memory grew by ${(growth / 1e6).toFixed(0)} MB after the first third`);
  for (const { kind, read, refused, slowestMs } of counts) {
    ok(read > 0 && refused > FILES_OF_EACH / 10, `${kind}: ${read} read, ${refused} refused`);
    ok(slowestMs < LONGEST_MS, `${kind}: ${slowestMs} ms`);
  }
  ok(growth < MOST_GROWTH, `memory grew by ${growth} bytes`);
});
