import { concatBytes } from "../files/concat_bytes.ts";

/** A tensor: its numbers are elsewhere, in the storage of this key. */
export interface PickledTensor {
  shape: readonly number[];
  /** Names the member of the archive that has the numbers. */
  key: string;
}

/** What may stand under a name. */
export type PickledValue = PickledTensor | readonly string[];

/**
 * The pickle of named tensors of float32 and lists of text, as `torch.save` writes it in Python's
 * protocol 2: a dictionary, ordered as a state dict is, or a plain one. A tensor is rebuilt from a
 * storage that is named.
 */
export function writePickle(
  items: readonly (readonly [name: string, value: PickledValue])[],
  { ordered }: { ordered: boolean },
): Uint8Array<ArrayBuffer> {
  const pickle = new Opcodes();
  pickle.bytes(0x80, 2);
  if (ordered) orderedDict(pickle);
  else pickle.code("}");
  pickle.code("("); // names and values up to "u" become the dictionary's items
  for (const [name, value] of items) {
    pickle.text(name);
    if ("shape" in value) writeTensor(pickle, value);
    else writeTexts(pickle, value);
  }
  pickle.code("u.");
  return pickle.done();
}

function writeTexts(pickle: Opcodes, texts: readonly string[]): void {
  pickle.code("](");
  for (const text of texts) pickle.text(text);
  pickle.code("e");
}

function orderedDict(pickle: Opcodes): void {
  pickle.global("collections", "OrderedDict");
  pickle.code(")R"); // called without arguments
}

function writeTensor(pickle: Opcodes, { shape, key }: PickledTensor): void {
  const count = shape.reduce((product, size) => product * size, 1);
  pickle.global("torch._utils", "_rebuild_tensor_v2");
  pickle.code("(("); // its arguments, of which the first is the storage's name
  pickle.text("storage");
  pickle.global("torch", "FloatStorage");
  pickle.text(key);
  pickle.text("cpu");
  pickle.integer(count);
  pickle.code("tQ");
  pickle.integer(0); // where in the storage it begins
  pickle.tuple(shape);
  pickle.tuple(shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)));
  pickle.bytes(0x89); // needs no gradient
  orderedDict(pickle); // nor hooks
  pickle.code("tR");
}

/** Instructions of a pickle, one after another. */
class Opcodes {
  readonly #parts: Uint8Array[] = [];

  bytes(...values: number[]): void {
    this.#parts.push(Uint8Array.from(values));
  }

  /** Instructions that are letters. */
  code(letters: string): void {
    this.#parts.push(new TextEncoder().encode(letters));
  }

  global(module: string, name: string): void {
    this.code(`c${module}\n${name}\n`);
  }

  text(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.#with32("X", encoded.length);
    this.#parts.push(encoded);
  }

  integer(value: number): void {
    if (value === (value | 0)) return this.#with32("J", value);
    this.bytes(0x8a, 8); // a long one, of that many bytes
    this.#parts.push(new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  }

  tuple(values: readonly number[]): void {
    this.code("(");
    for (const value of values) this.integer(value);
    this.code("t");
  }

  done(): Uint8Array<ArrayBuffer> {
    return concatBytes(this.#parts);
  }

  /** A letter, and a number of 32 bits, the lowest first. */
  #with32(letter: string, value: number): void {
    const bytes = new Uint8Array(5);
    bytes[0] = letter.charCodeAt(0);
    new DataView(bytes.buffer).setInt32(1, value, true);
    this.#parts.push(bytes);
  }
}
