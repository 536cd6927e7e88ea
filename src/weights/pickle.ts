// Python's pickle format, as far as PyTorch's weight files need it.
//
// Ours rather than a library's: a pickle is a program, and general readers run more of it than
// weights take. This one knows tensors, dictionaries, lists, text and numbers; any other name or
// instruction is refused, nothing is ever called or looked up by name.
// Format: Python's pickletools; PyTorch's torch.serialization.

import { CheckpointError } from "../safetensors.ts";

/** A tensor that a pickle describes; its numbers are elsewhere. */
export interface TensorRecord {
  kind: "tensor";
  /** Which storage holds the numbers. */
  storage: string;
  /** PyTorch's name of the type, such as `Float`. */
  type: string;
  /** First element in the storage. */
  offset: number;
  shape: number[];
  /** Elements from one to the next along each axis. */
  stride: number[];
}

/** What a pickle may hold. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | TensorRecord
  | GlobalName
  | StorageRecord;

/** A name that a pickle mentions; only those of {@linkcode KNOWN} get this far. */
interface GlobalName {
  kind: "global";
  name: string;
}

interface StorageRecord {
  kind: "storage";
  key: string;
  type: string;
}

/** The names that may occur, and what calling them makes. */
const KNOWN: Record<string, (args: PickleValue[]) => PickleValue> = {
  "collections.OrderedDict": (args) => orderedDict(args),
  "torch._utils._rebuild_tensor_v2": (args) => tensor(args),
  "torch._utils._rebuild_parameter": ([value]) => value,
};

const STORAGE = /^torch\.(Float|Half|BFloat16|Double|Long|Int|Short|Char|Byte|Bool)Storage$/;

/** More values than any state dict has, of which each takes a byte of the file at least. */
const MOST_VALUES = 4_000_000;

/**
 * Reads a pickle of weights.
 *
 * @param bytes The whole pickle.
 * @param path What errors call it.
 * @throws {CheckpointError} If it is damaged, or holds anything but weights and plain values.
 */
export function readPickle(bytes: Uint8Array, path: string): PickleValue {
  return new PickleReader(bytes, path).read();
}

class PickleReader {
  readonly #view: DataView;
  readonly #path: string;
  readonly #memo = new Map<number, PickleValue>();
  readonly #marks: PickleValue[][] = [];
  #stack: PickleValue[] = [];
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
  }

  read(): PickleValue {
    try {
      while (true) {
        const code = String.fromCharCode(this.#byte());
        if (code === ".") return this.#pop();
        this.#step(code);
      }
    } catch (error) {
      if (error instanceof RangeError) {
        throw this.#refusal("end with a whole value, got a cut-off one");
      }
      throw error;
    }
  }

  /** One instruction, by the letter that pickletools gives it. */
  #step(code: string): void {
    switch (code) {
      case "\x80": // PROTO
        if (this.#byte() > 5) throw this.#refusal("be of protocol 5 at most, got a later one");
        return;
      case "\x95": // FRAME: only says how long what follows is
        this.#at += 8;
        return;
      case "(": // MARK
        this.#marks.push(this.#stack);
        this.#stack = [];
        return;
      case "0":
        this.#pop();
        return;
      case "N":
        return this.#push(null);
      case "\x88":
        return this.#push(true);
      case "\x89":
        return this.#push(false);
      case "K":
        return this.#push(this.#byte());
      case "M":
        return this.#push(this.#u16());
      case "J":
        return this.#push(this.#i32());
      case "\x8a": // LONG1
        return this.#push(this.#long(this.#byte()));
      case "G":
        return this.#push(this.#f64());
      case "X":
      case "T":
        return this.#push(this.#text(this.#u32()));
      case "\x8c":
      case "U":
        return this.#push(this.#text(this.#byte()));
      case ")":
      case "]":
        return this.#push([]);
      case "}":
        return this.#push(new Map());
      case "t":
      case "l":
        return this.#push(this.#sinceMark());
      case "\x85":
        return this.#push([this.#pop()]);
      case "\x86":
        return this.#pushTuple(2);
      case "\x87":
        return this.#pushTuple(3);
      case "q":
        return this.#remember(this.#byte());
      case "r":
        return this.#remember(this.#u32());
      case "\x94": // MEMOIZE
        return this.#remember(this.#memo.size);
      case "h":
        return this.#recall(this.#byte());
      case "j":
        return this.#recall(this.#u32());
      case "a": {
        const value = this.#pop();
        this.#list().push(value);
        return;
      }
      case "e": {
        const values = this.#sinceMark();
        const list = this.#list();
        for (const value of values) list.push(value);
        return;
      }
      case "s": {
        const value = this.#pop();
        const key = this.#pop();
        this.#dict().set(key, value);
        return;
      }
      case "u":
        return this.#setItems(this.#sinceMark());
      case "c":
        return this.#push(this.#global(this.#line(), this.#line()));
      case "\x93": { // STACK_GLOBAL
        const name = this.#pop();
        return this.#push(this.#global(String(this.#pop()), String(name)));
      }
      case "Q": // BINPERSID
        return this.#push(this.#storage(this.#pop()));
      case "R":
        return this.#call();
      case "b": // BUILD: attributes of a dictionary, such as the versions of modules
        this.#pop();
        this.#dict();
        return;
      default: {
        const hex = code.charCodeAt(0).toString(16).padStart(2, "0");
        throw this.#refusal(`hold plain values alone, got instruction 0x${hex}`);
      }
    }
  }

  #call(): void {
    const args = this.#pop();
    const callee = this.#pop();
    if (!isKind(callee, "global") || !Array.isArray(args)) {
      throw this.#refusal("call nothing but what makes tensors, got something else");
    }
    const make = Object.hasOwn(KNOWN, callee.name) ? KNOWN[callee.name] : undefined;
    if (make === undefined) throw this.#refusal(`not call ${callee.name}, got a call of it`);
    try {
      this.#push(make(args));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw this.#refusal(`describe tensors as PyTorch does, got ${error.message}`);
    }
  }

  #global(module: string, name: string): GlobalName {
    const full = `${module}.${name}`;
    if (Object.hasOwn(KNOWN, full) || STORAGE.test(full)) return { kind: "global", name: full };
    throw this.#refusal(
      `hold tensors, dictionaries and numbers alone, got ${JSON.stringify(full.slice(0, 100))}`,
    );
  }

  /** A storage is named by a tuple: "storage", its type, key, device and length. */
  #storage(id: PickleValue): StorageRecord {
    const [mark, type, key] = Array.isArray(id) ? id : [];
    const name = isKind(type, "global") ? STORAGE.exec(type.name)?.[1] : undefined;
    if (mark === "storage" && name !== undefined && typeof key === "string") {
      return { kind: "storage", key, type: name };
    }
    throw this.#refusal("name storages as PyTorch does, got another persistent value");
  }

  #setItems(items: PickleValue[]): void {
    if (items.length % 2 === 1) throw this.#refusal("pair keys with values, got an odd number");
    const dict = this.#dict();
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  #push(value: PickleValue): void {
    if (++this.#values > MOST_VALUES) throw this.#refusal("be a state dict, got too many values");
    this.#stack.push(value);
  }

  #pushTuple(length: number): void {
    const items = Array.from({ length }, () => this.#pop()).reverse();
    this.#push(items);
  }

  #pop(): PickleValue {
    if (this.#stack.length === 0) {
      throw this.#refusal("be well-formed, got nothing where a value is due");
    }
    return this.#stack.pop()!;
  }

  #sinceMark(): PickleValue[] {
    const items = this.#stack;
    const before = this.#marks.pop();
    if (before === undefined) throw this.#refusal("be well-formed, got an end without a beginning");
    this.#stack = before;
    return items;
  }

  #list(): PickleValue[] {
    const top = this.#stack.at(-1);
    if (!Array.isArray(top)) throw this.#refusal("be well-formed, got items without their list");
    return top;
  }

  #dict(): Map<PickleValue, PickleValue> {
    const top = this.#stack.at(-1);
    if (!(top instanceof Map)) {
      throw this.#refusal("be well-formed, got items without a dictionary");
    }
    return top;
  }

  #remember(index: number): void {
    if (this.#stack.length === 0) throw this.#refusal("be well-formed, got nothing to remember");
    this.#memo.set(index, this.#stack.at(-1)!);
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw this.#refusal("be well-formed, got an unknown memory");
    this.#push(this.#memo.get(index)!);
  }

  #byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  #u16(): number {
    return this.#view.getUint16((this.#at += 2) - 2, true);
  }

  #i32(): number {
    return this.#view.getInt32((this.#at += 4) - 4, true);
  }

  #u32(): number {
    return this.#view.getUint32((this.#at += 4) - 4, true);
  }

  #f64(): number {
    return this.#view.getFloat64((this.#at += 8) - 8);
  }

  /** A whole number of so many bytes, the lowest first; those past 2⁵³ are of no use here. */
  #long(length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value += this.#byte() * 2 ** (8 * i);
    const negative = length > 0 && this.#view.getUint8(this.#at - 1) >= 0x80;
    return negative ? value - 2 ** (8 * length) : value;
  }

  #text(length: number): string {
    const { buffer, byteOffset, byteLength } = this.#view;
    if (this.#at + length > byteLength) throw new RangeError();
    const bytes = new Uint8Array(buffer, byteOffset + this.#at, length);
    this.#at += length;
    return new TextDecoder().decode(bytes);
  }

  #line(): string {
    const start = this.#at;
    while (this.#byte() !== 0x0a);
    const end = this.#at - 1;
    this.#at = start;
    const text = this.#text(end - start);
    this.#at = end + 1;
    return text;
  }

  #refusal(wanted: string): CheckpointError {
    return new CheckpointError(
      `Cannot read "${this.#path}": its pickle must ${wanted} at byte ${this.#at}; save the weights ` +
        "alone, a dictionary of names and tensors",
    );
  }
}

function isKind<K extends string>(
  value: unknown,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** An ordered dictionary may be given pairs to begin with. */
function orderedDict([pairs = []]: PickleValue[]): PickleValue {
  const dict = new Map<PickleValue, PickleValue>();
  if (!Array.isArray(pairs)) throw new TypeError("a dictionary of no pairs");
  for (const pair of pairs) {
    if (!Array.isArray(pair)) throw new TypeError("a dictionary of no pairs");
    dict.set(pair[0], pair[1]);
  }
  return dict;
}

function tensor([storage, offset, shape, stride]: PickleValue[]): TensorRecord {
  if (!isKind(storage, "storage")) throw new TypeError("a tensor without a storage");
  const isSizes = (value: PickleValue): value is number[] =>
    Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0);
  if (!isSizes([offset]) || !isSizes(shape) || !isSizes(stride) || shape.length !== stride.length) {
    throw new TypeError("a tensor of no shape");
  }
  return {
    kind: "tensor",
    storage: storage.key,
    type: storage.type,
    offset: offset as number,
    shape,
    stride,
  };
}
