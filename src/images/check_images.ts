import { findImages, type ImageSource } from "./find_images.ts";
import { type ImageLocation, type ImageProblem, locationText } from "./image_set.ts";
import type { ImageFacts } from "./inspect_image.ts";
import type { Inspection, InspectJob } from "./inspect_worker.ts";

/** The least, the middle and the greatest of some numbers. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** What a data set is like. */
export interface DataReport {
  /** Images found. */
  images: number;
  /** Readable images of each format. */
  formats: Partial<Record<ImageFacts["format"], number>>;
  /** In pixels, over the readable images; null if there are none. */
  width: Spread | null;
  height: Spread | null;
  /** Memory of a decoded image, a byte for each channel of a pixel. */
  decodedBytes: Spread | null;
  /** The same, over all readable images. */
  totalDecodedBytes: number;
  totalFileBytes: number;
  /** Threads that decoded. */
  threads: number;
  /** Speed of one thread that only decodes. */
  decodedPerSecondAndThread: number;
  /** Speed of all threads, with reading the files and comparing. */
  imagesPerSecond: number;
  unreadable: { name: string; message: string }[];
  /** Shards that cannot be used, or only up to some place. */
  problems: readonly ImageProblem[];
  /** Names of images with exactly the same size and pixels, a list for each picture. */
  duplicates: string[][];
}

export interface CheckOptions {
  /** Threads that read and decode. */
  numWorkers: number;
  /** Channels that training will ask for; without it 3, RGB. */
  channels?: number;
  /** Called after each image. */
  onImage?: (done: number, total: number) => void;
  /** Milliseconds after which an image counts as unreadable. */
  timeoutMs?: number;
  /** The worker's module. */
  script?: URL;
}

/**
 * Reads every image of a data set and says what is in it; the same for any number of workers,
 * speeds apart.
 *
 * @throws {DataError} If there are no images.
 */
export async function checkImages(
  source: ImageSource,
  options: CheckOptions,
): Promise<DataReport> {
  const images = await findImages(source);
  const { names } = images;
  const found: Inspection[] = Array(names.length);
  const start = performance.now();
  let [next, done] = [0, 0];
  const work = async () => {
    using inspector = new Inspector(options);
    while (next < names.length) {
      const index = next++;
      found[index] = await inspector.inspect(images.location(index));
      options.onImage?.(++done, names.length);
    }
  };
  const threads = Math.min(options.numWorkers, names.length);
  await Promise.all(Array.from({ length: threads }, work));
  const seconds = (performance.now() - start) / 1000;
  return {
    ...summaryOf(names, found, options.channels ?? RGB),
    problems: images.problems,
    threads,
    imagesPerSecond: names.length / seconds,
  };
}

const RGB = 3;

/** One worker thread, replaced where an image kills it or takes too long. */
class Inspector implements Disposable {
  readonly #script: URL;
  readonly #timeoutMs: number;
  readonly #channels: number;
  #worker: Worker | undefined;

  constructor({ script, timeoutMs = 60_000, channels = RGB }: CheckOptions) {
    this.#script = script ?? new URL("./inspect_worker.ts", import.meta.url);
    this.#timeoutMs = timeoutMs;
    this.#channels = channels;
  }

  async inspect(at: ImageLocation): Promise<Inspection> {
    const worker = this.#worker ??= new Worker(this.#script, { type: "module", name: "inspect" });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const reply = await new Promise<Inspection | string>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<Inspection>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault(); // else the whole process ends
        resolve(event.message);
      };
      timer = setTimeout(() => resolve(`no answer in ${this.#timeoutMs} ms`), this.#timeoutMs);
      worker.postMessage({ at, channels: this.#channels } satisfies InspectJob);
    });
    clearTimeout(timer);
    if (typeof reply !== "string") return reply;
    this[Symbol.dispose]();
    return {
      error: `Cannot decode image: worker must survive ${locationText(at)}, got ${reply}; ` +
        `remove the image`,
    };
  }

  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function summaryOf(names: readonly string[], found: Inspection[], channels: number) {
  const unreadable: DataReport["unreadable"] = [];
  const formats: DataReport["formats"] = {};
  const namesByHash = new Map<string, string[]>();
  const readable: ImageFacts[] = [];
  found.forEach((each, i) => {
    if ("error" in each) {
      unreadable.push({ name: names[i], message: each.error });
      return;
    }
    const { format, hash } = each.facts;
    formats[format] = (formats[format] ?? 0) + 1;
    const same = namesByHash.get(hash);
    if (same) same.push(names[i]);
    else namesByHash.set(hash, [names[i]]);
    readable.push(each.facts);
  });
  const decoded = readable.map(({ width, height }) => width * height * channels);
  const decodeMs = sum(readable.map((facts) => facts.decodeMs));
  return {
    images: names.length,
    formats,
    width: spreadOf(readable.map((facts) => facts.width)),
    height: spreadOf(readable.map((facts) => facts.height)),
    decodedBytes: spreadOf(decoded),
    totalDecodedBytes: sum(decoded),
    totalFileBytes: sum(readable.map((facts) => facts.fileBytes)),
    decodedPerSecondAndThread: readable.length === 0 ? 0 : readable.length / decodeMs * 1000,
    unreadable,
    duplicates: [...namesByHash.values()].filter((same) => same.length > 1),
  };
}

/** Of an even count, the lower of the two in the middle. */
function spreadOf(values: number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[(sorted.length - 1) >> 1];
  return { min: sorted[0], median, max: sorted[sorted.length - 1] };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
