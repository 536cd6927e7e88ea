import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Surroundings } from "../../src/files/cache_folders.ts";
import type { PublishedWeights } from "../../src/weights/published.ts";

/** A tiny backbone of 4 registers, as `torch.save()` wrote it. */
export const TINY_PTH = fileURLToPath(
  new URL("../golden/pretrained_registers/official.pth", import.meta.url),
);

/** The shape of {@linkcode TINY_PTH}, as `model_args` make it of another model. */
export const TINY_PTH_ARGS = {
  img_size: 28,
  patch_size: 7,
  embed_dim: 32,
  depth: 2,
  num_heads: 2,
  ffn_layer: "swiglufused",
  num_register_tokens: 4,
} as const;

/** Bytes as a published file of `dinov2/vits14`. */
export function published(bytes: Uint8Array): PublishedWeights {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = "dinov2_tiny_pretrain.pth";
  return {
    model: "dinov2/vits14",
    file,
    path: `tiny/${file}`,
    sizeBytes: bytes.length,
    sha256,
  };
}

/** A machine whose caches lie in `folder`. */
export function surroundingsIn(folder: string, env: Record<string, string> = {}): Surroundings {
  const all: Record<string, string> = { DENODINO_CACHE: `${folder}/cache`, ...env };
  return { env: (name) => all[name], os: "linux", home: folder };
}

/** What a server does with the file that it has. */
export interface Behaviour {
  bytes: Uint8Array<ArrayBuffer>;
  etag?: string;
  /** Ends the connection after so many bytes of a body. */
  cutAfter?: number;
  /** Answers with this status and nothing else. */
  status?: number;
  /** Takes no notice of ranges. */
  ignoresRange?: boolean;
  /** Does not say how long the file is. */
  hidesLength?: boolean;
  /** Milliseconds between two pieces of a body. */
  delayMs?: number;
}

/** A server of one file; `requests` are the ranges that were asked for, "all" without one. */
export class WeightsServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(public behaviour: Behaviour) {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get base(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer({ headers }: Request): Response {
    const range = headers.get("range");
    this.requests.push(range ?? "all");
    const { bytes, etag = '"one"', status, ignoresRange, hidesLength } = this.behaviour;
    if (status !== undefined) return new Response(null, { status });
    const isSame = headers.get("if-range") === etag;
    const start = range === null || ignoresRange || !isSame ? 0 : Number(/\d+/.exec(range));
    const body = this.#body(bytes.subarray(start));
    const length = { "etag": etag, "content-length": `${bytes.length - start}` };
    if (hidesLength) return new Response(body, { headers: { etag } });
    if (start === 0) return new Response(body, { headers: length });
    const part = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    return new Response(body, { status: 206, headers: { ...length, ...part } });
  }

  /** Pieces of 16 KiB, as many as the behaviour wants. */
  #body(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { cutAfter = Infinity, delayMs = 0 } = this.behaviour;
    let at = 0;
    return new ReadableStream({
      async pull(controller) {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
        // Less than announced is a broken connection to who reads.
        if (at >= Math.min(cutAfter, bytes.length)) return controller.close();
        const piece = bytes.subarray(at, Math.min(at + 16_384, cutAfter));
        at += piece.length;
        controller.enqueue(piece);
      },
    });
  }
}
