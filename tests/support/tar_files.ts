import { Buffer } from "node:buffer";

/** An entry of a tar, and what is unusual about it. */
export interface TarEntry {
  name: string;
  data?: Uint8Array | string;
  /** A letter; "0", a file, by default. */
  type?: string;
  /** What a link stands for. */
  target?: string;
  /** What comes before the name in a ustar header. */
  prefix?: string;
  /** Bytes of the magic and version: ustar's by default, `GNU_MAGIC`, or none in old files. */
  magic?: string;
  /** The size field, instead of octal digits. */
  size?: string | Uint8Array;
  /** The checksum field, instead of six digits, NUL and space. */
  checksum?: (sum: number) => string;
}

/** Marks GNU's headers, which have no prefix. */
export const GNU_MAGIC = "ustar  \0";

/** A header block. */
export function tarHeader(entry: TarEntry): Uint8Array<ArrayBuffer> {
  const { name, data = "", type = "0", target = "", prefix = "", magic = "ustar\x0000" } = entry;
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write("0000644\0" + "0000000\0".repeat(2), 100);
  block.set(Buffer.from(entry.size ?? octal(Buffer.from(data).length, 11)), 124);
  block.write(octal(0, 11), 136);
  block.write(" ".repeat(8) + type + target, 148);
  block.write(magic, 257, "latin1");
  block.write(prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte);
  block.write(entry.checksum?.(sum) ?? `${octal(sum, 6)} `, 148);
  return new Uint8Array(block);
}

/** A tar file. */
export function tarFile(entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]));
}

/** A header and its data, filled up to whole blocks. */
export function tarEntry(entry: TarEntry): Uint8Array<ArrayBuffer> {
  const data = Buffer.from(entry.data ?? "");
  const rest = Buffer.alloc((512 - data.length % 512) % 512);
  return new Uint8Array(Buffer.concat([tarHeader(entry), data, rest]));
}

/** The data of a pax header. */
export function paxRecords(records: Record<string, string>): string {
  return Object.entries(records).map(([key, value]) => {
    const body = Buffer.from(` ${key}=${value}\n`).length;
    let length = body;
    while (length !== body + String(length).length) length = body + String(length).length;
    return `${length} ${key}=${value}\n`;
  }).join("");
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0") + "\0";
}
