import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdir, readFile } from "node:fs/promises";
import { CheckpointError, readSafetensors, tensorF32, tensorI32 } from "../src/safetensors.ts";
import {
  bytesOf,
  HASH_KEY,
  SafetensorsFile,
  type SafetensorsSource,
  writeSafetensors,
} from "../src/safetensors_file.ts";
import { withFolder } from "./support/folders.ts";

function source(
  name: string,
  shape: number[],
  array: ArrayBufferView,
  dtype: SafetensorsSource["dtype"] = "F32",
): SafetensorsSource {
  return { name, dtype, shape, data: () => bytesOf(array) };
}

/** A file with this header and `size` data bytes. */
function fileOf(header: string, size = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

Deno.test("writeSafetensors() and readSafetensors() agree, with empty tensors and metadata", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    const weights = Float32Array.of(1, -2.5, 3e-30, 4, 5, 6);
    const tensors = [
      source("weight", [2, 3], weights),
      source("none", [0, 7], new Float32Array(0)),
      source("mask", [3], Uint8Array.of(1, 0, 1), "U8"),
      source("index", [2], Int32Array.of(-1, 2), "I32"), // starts at an odd offset
      source("scalar", [], Float32Array.of(9)),
    ];
    await writeSafetensors(path, tensors, { step: "12", note: "grüße" });

    const read = readSafetensors(await readFile(path), path);
    deepEqual([...read.keys()], ["weight", "none", "mask", "index", "scalar"]);
    deepEqual(read.get("none")?.shape, [0, 7]);
    const { sha256, ...metadata } = read.metadata;
    deepEqual([metadata, sha256.length], [{ step: "12", note: "grüße" }, 64]);
    deepEqual(tensorF32(read, "weight"), weights);
    deepEqual(tensorF32(read, "none"), new Float32Array(0));
    deepEqual(tensorI32(read, "mask"), Int32Array.of(1, 0, 1));
    deepEqual(tensorI32(read, "index"), Int32Array.of(-1, 2));
    deepEqual(tensorF32(read, "scalar"), Float32Array.of(9));
  });
});

Deno.test("tensorF32() converts the other float types", () => {
  const file = fileOf(
    '{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},' +
      '"b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},' +
      '"d":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}}',
    12,
  );
  const data = new DataView(file.buffer, file.length - 12);
  data.setUint16(0, 0x3e00, true); // 1.5 in half precision
  data.setUint16(2, 0xc020, true); // -2.5 in bfloat16
  data.setFloat64(4, 0.1, true);
  const read = readSafetensors(file);
  deepEqual(tensorF32(read, "h"), Float32Array.of(1.5));
  deepEqual(tensorF32(read, "b"), Float32Array.of(-2.5));
  deepEqual(tensorF32(read, "d"), Float32Array.of(0.1));
});

Deno.test("writeSafetensors() leaves the old file when data cannot be had", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    await writeSafetensors(path, [source("w", [1], Float32Array.of(1))]);
    const before = await readFile(path);

    await rejects(
      writeSafetensors(path, [source("w", [2], Float32Array.of(1))]),
      new CheckpointError(
        `Cannot write "${path}": "w" must hold 8 bytes for F32 [2], got 4`,
      ),
    );
    const failing = {
      ...source("w", [1], Float32Array.of(1)),
      data: () => Promise.reject(Error("gone")),
    };
    await rejects(writeSafetensors(path, [failing]), new Error("gone"));
    await rejects(
      writeSafetensors(path, [
        source("w", [0], Float32Array.of()),
        source("w", [0], Float32Array.of()),
      ]),
      new CheckpointError(`Cannot write "${path}": tensor name must be unique, got "w"`),
    );

    deepEqual(await readFile(path), before);
    deepEqual(await readdir(folder), ["a.safetensors"]);
  });
});

Deno.test("readSafetensors() says how a file is damaged", () => {
  const refuses = (file: Uint8Array, what: string) =>
    throws(
      () => readSafetensors(file, "a.safetensors"),
      new CheckpointError(
        `Cannot read "a.safetensors": ${what}; the file is damaged or incomplete`,
      ),
    );
  const entry = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  refuses(new Uint8Array(3), "size must be at least 8 bytes, got 3");
  refuses(
    fileOf(entry, 8).subarray(0, 20),
    "header length must fit in the file's 20 bytes, got 54",
  );
  refuses(fileOf(entry, 7), 'end of "w" must lie within 7 data bytes, got 8');
  refuses(fileOf("[1]"), "header must be a JSON object, got [1]");
  refuses(fileOf(entry.replace("[2]", "[3]"), 12), '"w" must hold 12 bytes, got 8');
  refuses(fileOf(entry.replace("F32", "F31"), 8), 'dtype of "w" must be a known type, got "F31"');
  refuses(
    fileOf(entry.replace("[2]", "[-2]"), 8),
    'shape of "w" must be a list of sizes, got [-2]',
  );
  refuses(
    fileOf('{"w":{"dtype":"U8","shape":[0]}}'),
    'offsets of "w" must be a pair, got undefined',
  );
  throws(() => readSafetensors(fileOf("{nonsense")), CheckpointError);
});

Deno.test("tensorF32() and tensorI32() name what they cannot give", () => {
  const read = readSafetensors(fileOf('{"w":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}}'));
  throws(
    () => tensorF32(read, "v"),
    new CheckpointError('Cannot read "v": no such tensor among 1'),
  );
  throws(
    () => tensorF32(read, "w"),
    new CheckpointError('Cannot read "w": dtype must be F32, F16, BF16 or F64, got I64'),
  );
  throws(
    () => tensorI32(read, "w"),
    new CheckpointError('Cannot read "w": dtype must be I32 or U8, got I64'),
  );
});

Deno.test("SafetensorsFile reads one tensor at a time", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    const mask = source("mask", [3], Uint8Array.of(1, 0, 1), "U8");
    await writeSafetensors(path, [mask, source("w", [2, 1], Float32Array.of(3, 4))], { step: "7" });

    await using file = await SafetensorsFile.open(path);
    equal(file.metadata.step, "7");
    deepEqual([...file.entries.keys()], ["mask", "w"]);
    deepEqual((await file.read("mask")).data, Uint8Array.of(1, 0, 1));
    deepEqual(await file.f32("w"), Float32Array.of(3, 4));
    await rejects(
      file.f32("v"),
      new CheckpointError('Cannot read "v": no such tensor among 2'),
    );
  });
});

Deno.test("SafetensorsFile says how a file is damaged", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    await rejects(SafetensorsFile.open(path), CheckpointError);
    await writeSafetensors(path, [source("w", [2], Float32Array.of(3, 4))]);
    const whole = await readFile(path);
    await Deno.writeFile(path, whole.subarray(0, whole.length - 1));
    await rejects(
      SafetensorsFile.open(path),
      new CheckpointError(
        `Cannot read "${path}": end of "w" must lie within 7 data bytes, got 8; ` +
          "the file is damaged or incomplete",
      ),
    );
  });
});

Deno.test("verify() finds a single bit that is another, wherever it is", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    await writeSafetensors(path, [source("w", [2], Float32Array.of(3, 4))], { step: "7" });
    const whole = await readFile(path);
    {
      await using file = await SafetensorsFile.open(path);
      equal(await file.verify(), true);
      // The hash is that of the file with zeros in its place, as any other tool can compute it.
      const blank = whole.toString("latin1").replace(file.metadata[HASH_KEY], "0".repeat(64));
      const digest = await crypto.subtle.digest("SHA-256", Buffer.from(blank, "latin1"));
      equal(Buffer.from(digest).toString("hex"), file.metadata[HASH_KEY]);
    }
    for (const place of [whole.indexOf('"7"') + 1, whole.length - 8, whole.length - 1]) {
      const damaged = Uint8Array.from(whole);
      damaged[place] ^= 1;
      await Deno.writeFile(path, damaged);
      await using file = await SafetensorsFile.open(path);
      await rejects(file.verify(), (error: Error) => {
        const pattern = /^Cannot read ".*": its SHA-256 must be [\da-f]{64}, got [\da-f]{64}; the /;
        ok(error instanceof CheckpointError && pattern.test(error.message), error.message);
        return true;
      });
    }
  });
});

Deno.test("verify() has nothing to say of a file without a hash", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    await Deno.writeFile(path, fileOf('{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1));
    await using file = await SafetensorsFile.open(path);
    equal(await file.verify(), false);
  });
});
