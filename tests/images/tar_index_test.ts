import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { indexTar, type TarIndex } from "../../src/images/tar_index.ts";
import {
  GNU_MAGIC,
  paxRecords,
  type TarEntry,
  tarEntry,
  tarFile,
  tarHeader,
} from "../support/tar_files.ts";

const REMEDY = "; copy or make it again, for what follows is left out";

/** The index of a file of these bytes. */
async function indexOf(...parts: Uint8Array[]): Promise<TarIndex> {
  const folder = await mkdtemp(join(tmpdir(), "tar-"));
  try {
    await writeFile(join(folder, "a.tar"), Buffer.concat(parts));
    return await indexTar(join(folder, "a.tar"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The bytes of each image by its name; the file must be sound. */
async function imagesOf(...parts: Uint8Array[]): Promise<Record<string, string>> {
  const { names, offsets, lengths, problem } = await indexOf(...parts);
  equal(problem, undefined);
  const file = Buffer.concat(parts);
  const bytes = (i: number) => file.subarray(offsets[i], offsets[i] + lengths[i]).toString();
  return Object.fromEntries(names.map((name, i) => [name, bytes(i)]));
}

function pax(type: "x" | "g", records: Record<string, string>): TarEntry {
  return { name: "pax", type, data: paxRecords(records) };
}

async function problemOf(...parts: Uint8Array[]): Promise<string | undefined> {
  return (await indexOf(...parts)).problem;
}

Deno.test("indexTar() finds images between other members, in the order of the file", async () => {
  const entries = [
    { name: "000.cls", data: "7" },
    { name: "000.jpg", data: "first" },
    { name: "000.json", data: "{}".repeat(400) },
    { name: "001.PNG", data: "x".repeat(512) },
    { name: "002.webp", data: "" },
    { name: "003.jpg.txt", data: "no image" },
  ];
  const { names } = await indexOf(tarFile(entries));
  deepEqual(names, ["000.jpg", "001.PNG", "002.webp"]);
  deepEqual(await imagesOf(tarFile(entries)), {
    "000.jpg": "first",
    "001.PNG": "x".repeat(512),
    "002.webp": "",
  });
});

Deno.test("indexTar() reads the headers of small and of large entries", async () => {
  const sizes = Array.from({ length: 300 }, (_, i) => i % 50 === 0 ? 70_000 + i : i * 7);
  const entries = sizes.map((size, i) => ({ name: `${i}.jpg`, data: String(i).repeat(size) }));
  deepEqual(
    await imagesOf(tarFile(entries)),
    Object.fromEntries(entries.map(({ name, data }) => [name, data])),
  );
});

Deno.test("indexTar() reads every way to write a name", async () => {
  const long = `${"deep/".repeat(40)}é.jpg`;
  const gnu = (name: string): TarEntry => ({ name, type: "L", magic: GNU_MAGIC });
  deepEqual(
    await imagesOf(tarFile([
      { name: "ustar.jpg", prefix: "folder/of", data: "a" },
      { name: `${"n".repeat(96)}.jpg`, prefix: "p".repeat(155), data: "b" }, // both fields full
      { name: "gnu.jpg", prefix: "no prefix", magic: GNU_MAGIC, data: "c" },
      { ...gnu("././@LongLink"), data: `${long}\0` },
      { name: "link", type: "K", magic: GNU_MAGIC, data: "target.jpg\0" },
      { name: "cut off", magic: GNU_MAGIC, data: "d" },
      { name: "old.jpg", magic: "", type: "\0", data: "e" },
      pax("x", { path: `pax/${long}`, mtime: "1.5" }),
      { name: "cut off", data: "f" },
      { name: "contiguous.jpg", type: "7", data: "g" },
      pax("x", { comment: "c".repeat(9000) }), // longer than a read of headers
      { name: "after.jpg", data: "h" },
    ])),
    {
      "folder/of/ustar.jpg": "a",
      [`${"p".repeat(155)}/${"n".repeat(96)}.jpg`]: "b",
      "gnu.jpg": "c",
      [long]: "d",
      "old.jpg": "e",
      [`pax/${long}`]: "f",
      "contiguous.jpg": "g",
      "after.jpg": "h",
    },
  );
});

Deno.test("indexTar() reads every way to write a size", async () => {
  const base256 = Uint8Array.of(0x80, ...Array(10).fill(0), 3);
  deepEqual(
    await imagesOf(tarFile([
      { name: "spaces.jpg", data: "one", size: "         3 \0" },
      { name: "nuls.jpg", data: "two", size: "3\0\0\0" },
      { name: "full.jpg", data: "six", size: "000000000003" },
      { name: "binary.jpg", data: "ten", size: base256 },
      pax("x", { size: "3" }),
      { name: "pax.jpg", data: "few", size: "00000000000" },
      pax("g", { size: "3" }),
      { name: "shared.jpg", data: "all", size: "" },
      pax("x", { size: "4" }),
      { name: "own.jpg", data: "mine", size: "" },
      pax("x", { size: "" }), // takes the shared one back
      { name: "header.jpg", data: "12345" },
      { name: "again.jpg", data: "all", size: "" },
    ])),
    {
      "spaces.jpg": "one",
      "nuls.jpg": "two",
      "full.jpg": "six",
      "binary.jpg": "ten",
      "pax.jpg": "few",
      "shared.jpg": "all",
      "own.jpg": "mine",
      "header.jpg": "12345",
      "again.jpg": "all",
    },
  );
});

Deno.test("indexTar() takes checksums of signed bytes, and with other padding", async () => {
  const names = ["é.jpg", "a.jpg"];
  const signed = { name: names[0], data: "a", checksum: (sum: number) => oct(sum - 2 * 256) };
  const spaced = { name: names[1], data: "b", checksum: (sum: number) => ` ${oct(sum)}\0` };
  deepEqual(Object.keys(await imagesOf(tarFile([signed, spaced]))), names);
});

function oct(sum: number): string {
  return sum.toString(8).padStart(6, "0");
}

Deno.test("indexTar() leaves out what is no file, leads elsewhere, or comes from macOS", async () => {
  const names = ["/etc/a.jpg", "./b.jpg", ".//c/./d.jpg"];
  const left = ["../e.jpg", "f/../g.jpg", "h/._i.jpg", "__MACOSX/j.jpg", "folder.jpg/"];
  const links = ["1", "2", "3", "4", "5", "6"].map((type) => ({
    name: "k.jpg",
    type,
    size: "777",
  }));
  const entries = [...links, ...[...left, ...names].map((name) => ({ name, data: name }))];
  deepEqual(await imagesOf(tarFile(entries)), {
    "etc/a.jpg": names[0],
    "b.jpg": names[1],
    "c/d.jpg": names[2],
  });
});

Deno.test("indexTar() takes a hard link for the image that it stands for", async () => {
  const long = `${"deep/".repeat(40)}a.jpg`;
  const link = (name: string, target = "cut off"): TarEntry => ({ name, type: "1", target });
  deepEqual(
    await imagesOf(tarFile([
      link("too early.jpg", "a.jpg"),
      { name: "./a.jpg", data: "a" },
      link("b.jpg", "./a.jpg"),
      link("c.jpg", "b.jpg"),
      { name: "link", type: "L", magic: GNU_MAGIC, data: `${long}\0` },
      { name: "cut off", magic: GNU_MAGIC, data: "long" },
      { name: "link", type: "K", magic: GNU_MAGIC, data: `${long}\0` },
      link("d.jpg"),
      pax("x", { linkpath: long }),
      link("e.jpg"),
      link("f.txt", "a.jpg"),
      link("g.jpg", "../a.jpg"),
      { ...link("h.jpg", "a.jpg"), type: "2" },
    ])),
    { "a.jpg": "a", "b.jpg": "a", "c.jpg": "a", [long]: "long", "d.jpg": "long", "e.jpg": "long" },
  );
});

Deno.test("indexTar() goes on after the end of an archive, and needs no end", async () => {
  const [a, b] = ["a.jpg", "b.jpg"].map((name) => tarFile([{ name, data: name }]));
  deepEqual(await imagesOf(a, b, Buffer.alloc(10)), { "a.jpg": "a.jpg", "b.jpg": "b.jpg" });
  deepEqual(await imagesOf(tarEntry({ name: "c.jpg", data: "c" })), { "c.jpg": "c" });
  deepEqual(await imagesOf(), {});
  deepEqual(await imagesOf(Buffer.alloc(1024)), {});
});

Deno.test("indexTar() keeps the images before damage and says where it is", async () => {
  const whole = tarEntry({ name: "a.jpg", data: "a" });
  const header = tarHeader({ name: "b.jpg" });
  const sum = 8 * 0x20 + header.subarray(0, 148).reduce((a, b) => a + b) +
    header.subarray(156).reduce((a, b) => a + b);
  header[0]++;
  const damaged = await indexOf(whole, header);
  deepEqual([damaged.names, damaged.offsets, damaged.lengths], [["a.jpg"], [512], [1]]);
  equal(
    damaged.problem,
    `Cannot index shard: header at byte 1024 must have checksum ${sum + 1}, got ${sum}${REMEDY}`,
  );
  const cases: [parts: Uint8Array[], problem: string][] = [
    [[Buffer.from("no tar")], "header at byte 0 must hold 512 bytes, got 6"],
    [[whole, header.subarray(0, 100)], "header at byte 1024 must hold 512 bytes, got 100"],
    [
      [tarHeader({ name: "", checksum: () => "none" })],
      "header at byte 0 must have checksum 3037, got no number",
    ],
    [
      [tarHeader({ name: "a.jpg", size: "-1" })],
      "header at byte 0 must have a size, got no number",
    ],
    [
      [tarHeader({ name: "a.jpg", size: new Uint8Array(12).fill(255) })],
      "header at byte 0 must have a size, got no number",
    ],
    [
      [tarHeader({ name: "a.jpg", size: Uint8Array.of(128, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) })],
      "header at byte 0 must have a size, got 72057594037927940",
    ],
    [
      [tarHeader({ name: "a.json", size: "0002000" }), Buffer.alloc(100)],
      "entry at byte 512 must hold 1024 bytes, got 100",
    ],
    [
      [tarHeader({ name: "", type: "L", size: "0000777" }), Buffer.alloc(100)],
      "entry at byte 512 must hold 511 bytes, got 100",
    ],
    [
      [tarHeader({ name: "", type: "x", size: "77777777777" })],
      "long name or pax header at byte 512 must have at most 1048576 bytes, got 8589934591",
    ],
    [
      [tarFile([{ name: "", type: "x", data: "11 size=33\n99 path=b.jpg\n" }])],
      "pax header at byte 512 must be records, got damage at byte 11",
    ],
    [
      [tarFile([pax("x", { size: "-3" }), { name: "a.jpg" }])],
      'pax header of byte 1536 must have a size, got "-3"',
    ],
  ];
  for (const [parts, problem] of cases) {
    equal(await problemOf(...parts), `Cannot index shard: ${problem}${REMEDY}`);
  }
});

Deno.test("indexTar() lists an image that is cut off", async () => {
  const cut = await indexOf(tarEntry({ name: "a.jpg", data: "a".repeat(600) }).subarray(0, 700));
  deepEqual(cut, { names: ["a.jpg"], offsets: [512], lengths: [600] });
});

Deno.test("indexTar() refuses compressed files", async () => {
  const magics = { gzip: "\x1f\x8b", bzip2: "BZh9", xz: "\xfd7zXZ", zstd: "\x28\xb5\x2f\xfd" };
  for (const [name, magic] of Object.entries(magics)) {
    equal(
      await problemOf(Buffer.from(magic, "latin1"), Buffer.alloc(600)),
      `Cannot index shard: it must not be compressed, as images are read from its middle, got ` +
        `${name}; uncompress it`,
    );
  }
});

Deno.test({
  name: "indexTar() reads what the system's tar writes",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await mkdtemp(join(tmpdir(), "tar-"));
    try {
      const long = `${"long".repeat(40)}.jpg`;
      await writeFile(join(folder, "a.png"), "short");
      await writeFile(join(folder, long), "long");
      for (const format of ["gnu", "posix"]) {
        const args = ["-C", folder, `--format=${format}`, "-cf", join(folder, "s.tar")];
        const { success } = await new Deno.Command("tar", { args: [...args, "./a.png", long] })
          .output();
        equal(success, true);
        deepEqual(await imagesOf(new Uint8Array(await readFile(join(folder, "s.tar")))), {
          "a.png": "short",
          [long]: "long",
        });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});
