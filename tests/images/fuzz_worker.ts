/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Worker thread: decodes damaged files of every kind, so that one that hangs can be told. */
import { equal, ok } from "node:assert/strict";
import { decodeImage } from "../../src/images/decode.ts";
import { type RandomStream, randomStream } from "../../src/random.ts";
import { everyFormat } from "../support/every_format.ts";

/** What the worker is asked. */
export interface FuzzJob {
  filesOfEach: number;
  /** `[1]`: files begun, which the other thread looks at. */
  begun: Int32Array;
}

/** What became of the damaged files of one kind. */
export interface FuzzCounts {
  kind: string;
  read: number;
  refused: number;
  slowestMs: number;
}

/** What the worker found; memory is that of the process, in bytes. */
export interface FuzzReport {
  counts: FuzzCounts[];
  /** After the first third, and after all. */
  memory: [number, number];
}

self.onmessage = async ({ data }: MessageEvent<FuzzJob>) => {
  self.postMessage(await fuzz(data));
};

async function fuzz({ filesOfEach, begun }: FuzzJob): Promise<FuzzReport> {
  const kinds = [...await everyFormat()];
  const files = kinds.map(([, file]) => file);
  const before = await decodeAll(files);
  const stream = randomStream(7, "damage");
  const counts = kinds.map(([kind]) => ({ kind, read: 0, refused: 0, slowestMs: 0 }));
  let warm = 0;
  for (let round = 0; round < filesOfEach; round++) {
    if (round === Math.floor(filesOfEach / 3)) warm = Deno.memoryUsage().rss;
    for (let at = 0; at < files.length; at++) {
      begun[0]++;
      await decodeDamaged(damage(stream, files, at), 1 + round % 4, counts[at]);
    }
    // Memory of native code is freed between tasks alone, as there are in a worker of a run.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const memory: FuzzReport["memory"] = [warm, Deno.memoryUsage().rss];
  equal(await decodeAll(files), before, "whole files are read as before");
  return { counts, memory };
}

/** All pixels of whole files, as text. */
async function decodeAll(files: Uint8Array[]): Promise<string> {
  const images = await Promise.all(files.map((file) => decodeImage(file)));
  return images.map(({ width, height, pixels }) => [width, height, pixels]).join("\n");
}

async function decodeDamaged(file: Uint8Array, channels: number, counts: FuzzCounts) {
  const start = performance.now();
  try {
    const image = await decodeImage(file, channels);
    ok(image.width > 0 && image.height > 0);
    equal(image.channels, channels);
    equal(image.pixels.length, image.width * image.height * channels);
    equal(image.pixels.buffer.byteLength, image.pixels.length);
    counts.read++;
  } catch (error) {
    const { message } = error as Error;
    ok(message.startsWith("Cannot decode image: "), `${counts.kind}: ${message}`);
    counts.refused++;
  }
  counts.slowestMs = Math.max(counts.slowestMs, performance.now() - start);
}

/** Changes up to eight bytes, cuts the file short, or puts another format's start before it. */
function damage(stream: RandomStream, files: Uint8Array[], at: number): Uint8Array {
  const file = files[at].slice();
  const kind = stream.int(4);
  if (kind === 0) return file.subarray(0, stream.int(file.length));
  if (kind === 1) {
    const other = files[stream.int(files.length)].subarray(0, 4 + stream.int(16));
    file.set(other.subarray(0, file.length));
    return file;
  }
  const reach = kind === 2 ? Math.min(64, file.length) : file.length; // headers matter most
  for (let i = stream.int(8); i >= 0; i--) file[stream.int(reach)] = stream.int(256);
  return file;
}
