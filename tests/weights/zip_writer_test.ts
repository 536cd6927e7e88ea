import { deepEqual, equal } from "node:assert/strict";
import { open } from "node:fs/promises";
import { ZipFile } from "../../src/weights/zip_file.ts";
import { ZipWriter } from "../../src/weights/zip_writer.ts";

Deno.test("members come back, each from a boundary of 64 bytes", async () => {
  const path = await Deno.makeTempFile();
  const members = { "a/empty": [], "a/b": [1, 2, 3], "ü": Array<number>(1000).fill(7) };
  {
    const file = await open(path, "w");
    const zip = new ZipWriter(file);
    for (const [name, bytes] of Object.entries(members)) {
      await zip.add(name, Uint8Array.from(bytes));
    }
    await zip.finish();
    await file.close();
  }
  await using zip = await ZipFile.open(path);
  const whole = await Deno.readFile(path);
  for (const [name, bytes] of Object.entries(members)) {
    deepEqual([...await zip.read(name)], bytes);
    const { headerAt } = zip.members.get(name)!;
    const view = new DataView(whole.buffer, headerAt);
    const start = headerAt + 30 + view.getUint16(26, true) + view.getUint16(28, true);
    equal(start % 64, 0, name);
  }
});

Deno.test("more members than 65,535 are counted in 64 bits", async () => {
  const path = await Deno.makeTempFile();
  const file = await open(path, "w");
  const zip = new ZipWriter(file);
  for (let i = 0; i < 66_000; i++) await zip.add(String(i), Uint8Array.of(i & 255));
  await zip.finish();
  await file.close();
  await using read = await ZipFile.open(path);
  equal(read.members.size, 66_000);
  deepEqual([...await read.read("65999")], [65_999 & 255]);
});

Deno.test("members past 4 GiB are found again", async () => {
  const path = await Deno.makeTempFile();
  const file = await open(path, "w");
  const large = new Uint8Array(2 ** 30);
  // Where the bytes of large members would go, the file keeps a hole: nothing is written there.
  const sparse = {
    write: (bytes: Uint8Array, offset: number, length: number, at: number) =>
      bytes === large
        ? Promise.resolve({ bytesWritten: length, buffer: bytes })
        : file.write(bytes, offset, length, at),
  };
  const zip = new ZipWriter(sparse as typeof file);
  for (let i = 0; i < 4; i++) await zip.add(`large${i}`, large);
  await zip.add("small", Uint8Array.of(1, 2, 3));
  const sizeBytes = 5 * large.length;
  await zip.addParts("larger", sizeBytes, Array<Uint8Array>(5).fill(large));
  await zip.add("last", Uint8Array.of(4));
  await zip.finish();
  await file.close();
  {
    await using read = await ZipFile.open(path);
    equal(read.members.get("small")!.headerAt > 2 ** 32, true);
    deepEqual([...await read.read("small")], [1, 2, 3]);
    equal(read.members.get("larger")!.sizeBytes, sizeBytes);
    deepEqual([...await read.read("larger", sizeBytes - 2)], [0, 0]);
    deepEqual([...await read.read("last")], [4]);
  }
  await Deno.remove(path);
});
