import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../../src/safetensors.ts";
import { type FindOptions, findPretrained } from "../../src/weights/pretrained.ts";
import {
  type Behaviour,
  published,
  surroundingsIn,
  TINY_PTH,
  WeightsServer,
} from "../support/weights_server.ts";

const BYTES = Deno.readFileSync(TINY_PTH);
const TINY = published(BYTES);
const FIND_WEIGHTS = fileURLToPath(new URL("../support/find_weights.ts", import.meta.url));

/** A server, an empty machine, and what looking for the tiny weights comes to there. */
async function withServer(
  behaviour: Partial<Behaviour>,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using server = new WeightsServer({ bytes: BYTES, ...behaviour });
    await body(new Place(folder, server));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

class Place {
  readonly messages: string[] = [];
  readonly cache: string;
  readonly path: string;
  readonly url: string;

  constructor(readonly folder: string, readonly server: WeightsServer) {
    this.cache = `${folder}/cache/weights`;
    this.path = `${this.cache}/${TINY.file}`;
    this.url = `${server.base}/${TINY.path}`;
  }

  find(options: FindOptions & { env?: Record<string, string> } = {}): Promise<string | undefined> {
    return findPretrained(TINY, {
      base: this.server.base,
      surroundings: surroundingsIn(this.folder, options.env),
      onMessage: (message) => this.messages.push(message),
      ...options,
    });
  }

  /** Fails as one line that names the address, the fault, and what to do. */
  async refuses(fault: string, options?: Parameters<Place["find"]>[0]): Promise<void> {
    await rejects(
      this.find(options),
      new CheckpointError(
        `Cannot get the weights of dinov2/vits14 from ${this.url}: ${fault}; try again, or put ` +
          `the file into "${this.cache}", or name a copy, in training with weights=FILE; ` +
          "random weights are model=dinov2/vits14-notpretrained",
      ),
    );
  }

  /** Names of what lies in the cache folder. */
  files(): string[] {
    return [...Deno.readDirSync(this.cache)].map(({ name }) => name).sort();
  }
}

Deno.test("findPretrained() downloads a file once, and then finds it without a request", async () => {
  await withServer({}, async (place) => {
    const progress: [number, number][] = [];
    const onProgress = (done: number, total: number) => progress.push([done, total]);
    equal(await place.find({ onProgress }), place.path);
    deepEqual(await Deno.readFile(place.path), BYTES);
    deepEqual(place.files(), [TINY.file]);
    deepEqual(place.messages, [
      `downloading ${place.url}, ${BYTES.length} bytes, to "${place.path}"`,
    ]);
    deepEqual(progress.at(-1), [BYTES.length, BYTES.length]);
    ok(progress.length > 2 && progress.every(([done], i) => i === 0 || done > progress[i - 1][0]));
    equal(await place.find(), place.path);
    equal(await place.find({ env: { DENODINO_OFFLINE: "1" } }), place.path);
    deepEqual(place.server.requests, ["all"]);
  });
});

Deno.test("findPretrained() goes on with a download that was cut", async () => {
  await withServer({ cutAfter: 65_536 }, async (place) => {
    await rejects(place.find(), CheckpointError);
    const part = Deno.statSync(`${place.path}.part`).size;
    ok(part > 0 && part <= 65_536, `${part}`);
    place.server.behaviour = { bytes: BYTES };
    equal(await place.find(), place.path);
    deepEqual(await Deno.readFile(place.path), BYTES);
    deepEqual(place.server.requests, ["all", `bytes=${part}-`]);
    match(place.messages.at(-1)!, new RegExp(`, going on from ${part}, to `));
    deepEqual(place.files(), [TINY.file]);
  });
});

Deno.test("findPretrained() starts afresh where the file has changed, or ranges are ignored", async () => {
  for (const behaviour of [{ etag: '"two"' }, { ignoresRange: true }, { etag: 'W/"one"' }]) {
    await withServer({ bytes: BYTES.map((byte) => byte ^ 1), cutAfter: 65_536 }, async (place) => {
      await rejects(place.find(), CheckpointError);
      place.server.behaviour = { bytes: BYTES, ...behaviour };
      equal(await place.find(), place.path);
      deepEqual(await Deno.readFile(place.path), BYTES);
      equal(place.server.requests.length, 2);
    });
  }
});

Deno.test("findPretrained() does not go on where it cannot know of a change", async () => {
  await withServer({ cutAfter: 65_536, etag: 'W/"one"' }, async (place) => {
    await rejects(place.find(), CheckpointError);
    place.server.behaviour = { bytes: BYTES };
    equal(await place.find(), place.path);
    deepEqual(place.server.requests, ["all", "all"]);
  });
});

Deno.test("findPretrained() throws away what a wrong part was glued to", async () => {
  const other = BYTES.map((byte) => byte ^ 1);
  await withServer({ bytes: other, cutAfter: 65_536 }, async (place) => {
    await rejects(place.find(), CheckpointError);
    place.server.behaviour = { bytes: BYTES }; // under the tag of the other file
    await rejects(place.find(), /its SHA-256 must be [\da-f]{64}, got [\da-f]{64}; try again/);
    deepEqual(place.files(), []);
    equal(await place.find(), place.path);
  });
});

Deno.test("findPretrained() uses a part that was ended between its last byte and its check", async () => {
  await withServer({}, async (place) => {
    await Deno.mkdir(place.cache, { recursive: true });
    await Deno.writeFile(`${place.path}.part`, BYTES);
    equal(await place.find(), place.path);
    deepEqual(place.server.requests, []);
  });
});

Deno.test("findPretrained() refuses a file of another size, that is not there, or is no archive", async () => {
  const size = BYTES.length;
  await withServer({ bytes: BYTES.slice(0, 99) }, async (place) => {
    await place.refuses(`it must have ${size} bytes, got 99`);
    deepEqual(place.files().filter((name) => name === TINY.file), []);
  });
  const longer = new Uint8Array(size + 99);
  await withServer({ bytes: longer, hidesLength: true }, async (place) => {
    await place.refuses(`it must have ${size} bytes, got more`);
    deepEqual(place.files(), []);
  });
  await withServer({ status: 404 }, async (place) => {
    await place.refuses("the server must have it, got status 404 Not Found");
  });
  await withServer({ bytes: new Uint8Array(size).fill(60) }, async (place) => {
    await place.refuses("it must be a zip archive as torch.save() writes it, got something else");
    deepEqual(place.files(), []);
  });
});

Deno.test("findPretrained() says without a network what to put where", async () => {
  await withServer({}, async (place) => {
    const fault = "a download must be allowed, got DENODINO_OFFLINE=1";
    await place.refuses(fault, { env: { DENODINO_OFFLINE: "1" } });
    deepEqual(place.server.requests, []);
    const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const base = `http://127.0.0.1:${closed.addr.port}`;
    closed.close();
    await rejects(place.find({ base }), ({ message }: Error) => {
      ok(message.startsWith(`Cannot get the weights of dinov2/vits14 from ${base}/tiny/`));
      match(
        message,
        /: it must come through the network, got ".*refused.*"; try again, or put the file into/,
      );
      equal(message.split("\n").length, 1);
      return true;
    });
  });
});

Deno.test("findPretrained() takes the file that is named, and PyTorch's own download", async () => {
  await withServer({}, async (place) => {
    equal(await place.find({ file: "elsewhere.pth" }), "elsewhere.pth");
    const torch = `${place.folder}/torch/hub/checkpoints`;
    const env = { TORCH_HOME: `${place.folder}/torch` };
    await Deno.mkdir(torch, { recursive: true });
    await Deno.copyFile(TINY_PTH, `${torch}/${TINY.file}`);
    equal(await place.find({ env }), `${torch}/${TINY.file}`);
    deepEqual(place.server.requests, []);
    await Deno.truncate(`${torch}/${TINY.file}`, 1000);
    equal(await place.find({ env }), place.path);
    equal(
      place.messages[0],
      `"${torch}/${TINY.file}" is not used: it must have ${BYTES.length} bytes, got 1000`,
    );
  });
});

Deno.test("findPretrained() replaces a damaged file of the cache", async () => {
  await withServer({}, async (place) => {
    await Deno.mkdir(place.cache, { recursive: true });
    const damaged = BYTES.slice();
    damaged[5000] ^= 1;
    await Deno.writeFile(place.path, damaged);
    equal(await place.find(), place.path);
    match(place.messages[0], /is not used: its SHA-256 must be/);
    deepEqual(await Deno.readFile(place.path), BYTES);
  });
});

Deno.test("findPretrained() downloads once for two at a time", async () => {
  await withServer({ delayMs: 20 }, async (place) => {
    deepEqual(await Promise.all([place.find(), place.find()]), [place.path, place.path]);
    deepEqual(place.server.requests, ["all"]);
    deepEqual(place.files(), [TINY.file]);
    const waiting = `waiting for another process that downloads "${place.path}"`;
    equal(place.messages.filter((message) => message === waiting).length, 1);
  });
});

Deno.test("findPretrained() goes on with what a process left that was killed while it waited", async () => {
  await withServer({ delayMs: 100 }, async (place) => {
    const start = () =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", FIND_WEIGHTS, place.server.base, place.folder],
        stdout: "piped",
      }).spawn();
    const first = start();
    const size = () => Deno.stat(`${place.path}.part`).then(({ size }) => size, () => 0);
    while (await size() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = place.find();
    await new Promise((resolve) => setTimeout(resolve, 50));
    first.kill("SIGKILL");
    await first.output();
    const part = await size();
    ok(part > 0 && part < BYTES.length);
    equal(await second, place.path);
    deepEqual(place.server.requests, ["all", `bytes=${part}-`]);
    deepEqual(await Deno.readFile(place.path), BYTES);
    deepEqual(place.files(), [TINY.file]);
  });
});

Deno.test("findPretrained() leaves the part for the next time when it is stopped", async () => {
  await withServer({ delayMs: 30 }, async (place) => {
    const stop = new AbortController();
    const onProgress = (done: number) => done > 30_000 && stop.abort();
    equal(await place.find({ signal: stop.signal, onProgress }), undefined);
    const part = Deno.statSync(`${place.path}.part`).size;
    ok(part > 30_000 && part < BYTES.length);
    place.server.behaviour = { bytes: BYTES };
    equal(await place.find(), place.path);
    deepEqual(place.server.requests, ["all", `bytes=${part}-`]);
  });
});

Deno.test("findPretrained() is stopped while the server is silent", async () => {
  const delayMs = 1500;
  await withServer({ delayMs }, async (place) => {
    const stop = new AbortController();
    const start = performance.now();
    setTimeout(() => stop.abort(), 50);
    equal(await place.find({ signal: stop.signal }), undefined);
    ok(performance.now() - start < delayMs / 2);
    await new Promise((resolve) => setTimeout(resolve, delayMs)); // the server's own timer
  });
});

Deno.test("findPretrained() says that the cache folder cannot be written", async () => {
  await withServer({}, async (place) => {
    await Deno.writeTextFile(`${place.folder}/cache`, "a file"); // where the folder should be
    await rejects(place.find(), /: the cache folder must be one that can be written, got "/);
  });
});
