import { concatBytes } from "../files/concat_bytes.ts";

/** A tensor of a state dict: the numbers are elsewhere, in the storage of this key. */
export interface PickledTensor {
  name: string;
  shape: readonly number[];
  /** Names the member of the archive that has the numbers. */
  key: string;
}

/**
 * The pickle of a state dict of float32 tensors, as `torch.save` writes it: an ordered dictionary
 * of tensors, each rebuilt from a storage that is named, in Python's protocol 2.
 */
export function writePickle(tensors: readonly PickledTensor[]): Uint8Array<ArrayBuffer> {
  const pickle = new Opcodes();
  pickle.bytes(0x80, 2);
  emptyDict(pickle);
  pickle.code("("); // names and tensors up to "u" become the dictionary's items
  for (const tensor of tensors) {
    pickle.text(tensor.name);
    writeTensor(pickle, tensor);
  }
  pickle.code("u.");
  return pickle.done();
}

function emptyDict(pickle: Opcodes): void {
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
  emptyDict(pickle); // nor hooks
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
    this.#with32("J", value);
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
