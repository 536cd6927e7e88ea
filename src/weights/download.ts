import type { StopSignal } from "../stop_signal.ts";
import { type Expected, fileFault } from "./file_fault.ts";
import { PartFile } from "./part_file.ts";

/** A download that failed; the message is what must be, and what is: "it must ..., got ...". */
export class DownloadFault extends Error {
  override name = "DownloadFault";
}

/** Who follows a download, and the switch to end it. */
export interface DownloadHooks {
  /** Called with every piece that came; bytes of an earlier download count. */
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Leaves the part for the next time. */
  signal?: StopSignal;
}

/** A server that says nothing for so long has forgotten us. */
const SILENCE_MS = 60_000;
/** Milliseconds between two looks at the signal. */
const LOOK_MS = 100;

/**
 * Downloads a file into its part, going on where an earlier download ended, and puts it in its
 * place once it is what it should be.
 *
 * @returns False if the signal ended it.
 * @throws {DownloadFault} If it cannot be had, or is something else.
 */
export async function download(
  url: string,
  part: PartFile,
  expected: Expected,
  hooks: DownloadHooks = {},
): Promise<boolean> {
  try {
    // Else it was ended between its last byte and its check.
    if (await part.size() !== expected.sizeBytes) await receive(url, part, expected, hooks);
  } catch (error) {
    if (hooks.signal?.aborted) return false;
    throw error instanceof DownloadFault ? error : networkFault(error);
  }
  if (hooks.signal?.aborted) return false;
  const size = await part.size();
  if (size < expected.sizeBytes) {
    throw new DownloadFault(`all ${expected.sizeBytes} bytes must come, got ${size}`);
  }
  const fault = await fileFault(part.path, expected);
  if (fault !== undefined) {
    await part.discard();
    throw new DownloadFault(fault);
  }
  await part.finish();
  return true;
}

/** Adds what comes to the part, until all is there, the connection ends or the signal says so. */
async function receive(
  url: string,
  part: PartFile,
  expected: Expected,
  { onProgress, signal }: DownloadHooks,
): Promise<void> {
  using watch = new Watch(signal);
  const { sizeBytes } = expected;
  const response = await answer(url, part, expected, watch.signal);
  let done = await part.size();
  const file = await part.append();
  try {
    onProgress?.(done, sizeBytes);
    for await (const bytes of response.body ?? []) {
      watch.heard();
      done += bytes.length;
      if (done > sizeBytes) { // of a server that told no length
        await part.discard();
        throw new DownloadFault(`it must have ${sizeBytes} bytes, got more`);
      }
      await file.writeFile(bytes).catch(writeFault);
      onProgress?.(done, sizeBytes);
    }
  } finally {
    await file.close();
  }
}

/** The answer whose body belongs behind the bytes that the part has then. */
async function answer(
  url: string,
  part: PartFile,
  expected: Expected,
  signal: AbortSignal,
): Promise<Response> {
  const [size, origin] = [await part.size(), await part.origin()];
  const validator = origin?.url === url ? origin.validator : undefined;
  const goesOn = size > 0 && size < expected.sizeBytes && validator !== undefined;
  // Without a coding of its own, so that lengths are the file's.
  const plain = { "accept-encoding": "identity" };
  const headers = goesOn ? { ...plain, "range": `bytes=${size}-`, "if-range": validator } : plain;
  const response = await fetch(url, { headers, signal });
  const { total, start } = extentOf(response);
  const { status } = response;
  const fits = total === undefined || total === expected.sizeBytes;
  if (goesOn && status === 206 && start === size && fits) return response;
  if (goesOn && (status === 206 || status === 416)) { // not what we asked for
    await response.body?.cancel();
    await part.restart({});
    return await answer(url, part, expected, signal);
  }
  if (status === 200 && fits) {
    await part.restart({ url, validator: validatorOf(response) });
    return response;
  }
  await response.body?.cancel();
  throw new DownloadFault(
    status === 200
      ? `it must have ${expected.sizeBytes} bytes, got ${total}`
      : `the server must have it, got status ${status} ${response.statusText}`.trim(),
  );
}

/** Bytes of the whole file, and where in it the body begins, as the server says. */
function extentOf({ status, headers }: Response): { total?: number; start: number } {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "") ??
    [];
  if (status === 206) return { total: total ? Number(total) : undefined, start: Number(start) };
  const length = headers.get("content-length");
  return { total: length === null ? undefined : Number(length), start: 0 };
}

/** What tells whether the file is still the same; weak tags do not, bit for bit. */
function validatorOf({ headers }: Response): string | undefined {
  const tag = headers.get("etag");
  if (tag !== null && !tag.startsWith("W/")) return tag;
  return headers.get("last-modified") ?? undefined;
}

/** The system's words where fetch has them; the address is told anyway. */
function networkFault(error: unknown): DownloadFault {
  const { message, cause } = error as Error;
  const words = cause instanceof Error ? cause.message : message;
  const reason = words.replace(/^error sending request for url \([^)]*\): /, "");
  return new DownloadFault(`it must come through the network, got "${reason}"`);
}

function writeFault({ message }: Error): never {
  throw new DownloadFault(`there must be room for it in the cache folder, got "${message}"`);
}

/** Ends a request when the user wants it, or when the server is silent. */
class Watch implements Disposable {
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #heardMs = performance.now();

  constructor(stop?: StopSignal) {
    this.#timer = setInterval(() => {
      const silent = performance.now() - this.#heardMs > SILENCE_MS;
      if (silent) this.#abort.abort(new Error(`nothing for ${SILENCE_MS / 1000} s`));
      if (stop?.aborted) this.#abort.abort(new Error("stopped"));
    }, LOOK_MS);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  heard(): void {
    this.#heardMs = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
