import { deepEqual, equal } from "node:assert/strict";
import { describeReport } from "../../src/commands/check_data.ts";
import type { DataReport } from "../../src/images/check_images.ts";

const REPORT: DataReport = {
  images: 7,
  formats: { JPEG: 4, PNG: 2 },
  width: { min: 300, median: 640, max: 4000 },
  height: { min: 200, median: 480, max: 3000 },
  decodedBytes: { min: 180_000, median: 921_600, max: 36_000_000 },
  totalDecodedBytes: 50_000_000,
  totalFileBytes: 3_000_000,
  threads: 2,
  decodedPerSecondAndThread: 168.4,
  imagesPerSecond: 250.6,
  unreadable: [{ name: "b/x.jpg", message: "Cannot decode image: it is broken" }],
  problems: [],
  duplicates: [["a.jpg", "b.jpg", "c.jpg"]],
};

Deno.test("describeReport() names what to look at", () => {
  equal(
    describeReport(REPORT),
    `images      7: 4 JPEG, 2 PNG, 1 unreadable
width       300 to 4000, median 640
height      200 to 3000, median 480
in memory   175.8 KiB to 34.3 MiB, median 900.0 KiB
all         47.7 MiB in memory, 2.9 MiB on disk
decoding    168 images/s and thread; 251 images/s with reading and comparing, 2 threads
duplicates  2 with the same pixels as another image
  a.jpg = b.jpg = c.jpg
unreadable
  b/x.jpg: Cannot decode image: it is broken`,
  );
});

Deno.test("describeReport() lists damaged shards as unreadable", () => {
  const problems = [{ name: "a.tar", message: "Cannot index shard: it is broken" }];
  const lines = describeReport({ ...REPORT, problems, unreadable: [] }).split("\n");
  equal(lines[0], "images      7: 4 JPEG, 2 PNG, 0 unreadable");
  deepEqual(lines.slice(-2), ["unreadable", "  a.tar: Cannot index shard: it is broken"]);
});

Deno.test("describeReport() cuts a long list of duplicates, and does without readable images", () => {
  const duplicates = Array.from({ length: 22 }, (_, i) => [`${i}.png`, `${i}b.png`]);
  const lines = describeReport({ ...REPORT, duplicates, unreadable: [] }).split("\n");
  equal(lines.at(-2), "  19.png = 19b.png");
  equal(lines.at(-1), "  and 2 groups more; --json lists all");
  const none = { formats: {}, width: null, height: null, decodedBytes: null, duplicates: [] };
  const broken = describeReport({ ...REPORT, ...none, images: 1 });
  equal(broken.split("\n")[0], "images      1: 1 unreadable");
});
