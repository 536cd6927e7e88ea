import { shardError, type TarHeader, textOf } from "./tar_header.ts";

const TEXT = new TextDecoder();

/** Pax headers and GNU's long names and targets: entries that say what does not fit the header of others. */
export class TarExtensions {
  readonly #shared = new Map<string, string>(); // for all entries that follow
  #own = new Map<string, string>(); // for the next one

  /** Whether entries of a type are such. */
  has(type: string): boolean {
    return ["x", "g", "L", "K"].includes(type);
  }

  /**
   * Notes one, by its type.
   *
   * @param at Where the data is in its file, for messages.
   * @throws {Error} If it is damaged.
   */
  add(type: string, data: Uint8Array, at: number): void {
    if (type === "L" || type === "K") {
      this.#own.set(type === "L" ? "path" : "linkpath", textOf(data));
      return;
    }
    const records = type === "g" ? this.#shared : this.#own;
    for (const [key, value] of paxRecords(data, at)) records.set(key, value);
  }

  /**
   * An entry's header with what was said of it.
   *
   * @param at Where the entry's data is in its file, for messages.
   * @throws {Error} If its size is no number.
   */
  appliedTo(header: TarHeader, at: number): TarHeader {
    // "" takes back what a shared one said.
    const told = (key: string) => this.#own.get(key) ?? this.#shared.get(key) ?? "";
    const [path, target, size] = ["path", "linkpath", "size"].map(told);
    this.#own = new Map();
    const sizeBytes = size === "" ? header.sizeBytes : /^\d+$/.test(size) ? Number(size) : NaN;
    if (!Number.isSafeInteger(sizeBytes)) {
      throw shardError(`pax header of byte ${at} must have a size, got ${JSON.stringify(size)}`);
    }
    return { ...header, name: path || header.name, target: target || header.target, sizeBytes };
  }
}

/**
 * Reads the records of a pax header.
 *
 * @param at Where the data is in its file, for messages.
 * @throws {Error} If it is not whole.
 */
function paxRecords(data: Uint8Array, at: number): Map<string, string> {
  const records = new Map<string, string>();
  for (let start = 0; start < data.length && data[start] !== 0;) {
    const space = data.indexOf(0x20, start);
    const length = space < 0 ? NaN : Number(TEXT.decode(data.subarray(start, space)));
    const end = start + length;
    const record = TEXT.decode(data.subarray(space + 1, end - 1)); // without its line feed
    const equals = record.indexOf("=");
    if (!(end <= data.length) || end <= space || data[end - 1] !== 0x0a || equals < 0) {
      throw shardError(`pax header at byte ${at} must be records, got damage at byte ${start}`);
    }
    records.set(record.slice(0, equals), record.slice(equals + 1));
    start = end;
  }
  return records;
}
