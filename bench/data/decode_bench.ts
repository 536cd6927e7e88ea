// deno bench -A bench/data/decode_bench.ts: reading and decoding, by the number of threads.
//
// BENCH_DATA=my_images deno bench -A bench/data/decode_bench.ts times a folder of one's own.
import { checkImages } from "../../src/images/check_images.ts";
import { benchImages } from "./images.ts";
import { benchOnce } from "./once.ts";

const CORES = navigator.hardwareConcurrency;

const { source, name: data } = await benchImages({ count: 300, size: 400 });

for (const numWorkers of new Set([1, CORES, 2 * CORES])) {
  const name = `decode, ${numWorkers} ${numWorkers === 1 ? "thread" : "threads"}`;
  benchOnce(name, async () => {
    const report = await checkImages(source, { numWorkers });
    const { decodedPerSecondAndThread, imagesPerSecond } = report;
    console.log(
      `${name}, ${data}: ${imagesPerSecond.toFixed(0)} images/s with reading and comparing, ` +
        `${decodedPerSecondAndThread.toFixed(0)} a thread that only decodes`,
    );
    console.log(JSON.stringify({ name, data, imagesPerSecond, decodedPerSecondAndThread }));
  });
}
