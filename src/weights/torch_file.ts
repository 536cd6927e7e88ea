import { CheckpointError, entryF32, type SafetensorsDtype } from "../safetensors.ts";
import { type PickleValue, readPickle, type TensorRecord } from "./pickle.ts";
import type { WeightSource } from "./weight_source.ts";
import { ZipFile } from "./zip_file.ts";

/** PyTorch's types of numbers that weights may have. */
const DTYPES: Record<string, { dtype: SafetensorsDtype; bytes: number } | undefined> = {
  Float: { dtype: "F32", bytes: 4 },
  Half: { dtype: "F16", bytes: 2 },
  BFloat16: { dtype: "BF16", bytes: 2 },
  Double: { dtype: "F64", bytes: 8 },
};

/** A pickle of names and shapes takes a few hundred bytes for each tensor. */
const MOST_PICKLE_BYTES = 64 * 2 ** 20;

/**
 * A `.pth` file as PyTorch writes it since version 1.6: a zip archive with a pickle of the state
 * dict, and a member for the numbers of each storage.
 *
 * Dictionaries within dictionaries become names with dots, such as `teacher.cls_token`; what is no
 * tensor of floats is left out.
 */
export class TorchFile implements WeightSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly #zip: ZipFile;
  readonly #folder: string;
  readonly #records: ReadonlyMap<string, TensorRecord>;

  private constructor(zip: ZipFile, folder: string, records: ReadonlyMap<string, TensorRecord>) {
    this.#zip = zip;
    this.#folder = folder;
    this.#records = records;
    this.shapes = new Map([...records].map(([name, { shape }]) => [name, shape]));
  }

  /** @throws {CheckpointError} If the file is damaged, or its pickle holds more than weights. */
  static async open(path: string): Promise<TorchFile> {
    const zip = await ZipFile.open(path);
    try {
      const member = [...zip.members.keys()].find((name) => /(^|\/)data\.pkl$/.test(name));
      if (member === undefined) {
        throw new CheckpointError(
          `Cannot read "${path}": it must hold data.pkl, got ${zip.members.size} members without ` +
            "it; save it by torch.save() of PyTorch 1.6 or later",
        );
      }
      const { sizeBytes } = zip.members.get(member)!;
      if (sizeBytes > MOST_PICKLE_BYTES) {
        throw new CheckpointError(
          `Cannot read "${path}": data.pkl must have at most ${MOST_PICKLE_BYTES} bytes, got ` +
            `${sizeBytes}; save the weights alone`,
        );
      }
      const folder = member.slice(0, -"data.pkl".length);
      await checkByteOrder(zip, folder, path);
      const records = new Map<string, TensorRecord>();
      collect(readPickle(await zip.read(member), path), "", records, 0);
      return new TorchFile(zip, folder, records);
    } catch (error) {
      await zip[Symbol.asyncDispose]();
      throw error;
    }
  }

  async f32(name: string): Promise<Float32Array<ArrayBuffer>> {
    const record = this.#records.get(name)!;
    const { dtype, bytes } = DTYPES[record.type]!;
    const extent = extentOf(record);
    const member = `${this.#folder}data/${record.storage}`;
    const data = await this.#zip.read(member, record.offset * bytes, extent * bytes);
    const flat = entryF32({ dtype, shape: [extent], data }, name);
    return inOrder(flat, record);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#zip[Symbol.asyncDispose]();
  }
}

async function checkByteOrder(zip: ZipFile, folder: string, path: string): Promise<void> {
  const name = `${folder}byteorder`;
  if (!zip.members.has(name)) return; // older files are of little-endian machines
  const order = new TextDecoder().decode(await zip.read(name, 0, 3));
  if (order !== "lit") {
    throw new CheckpointError(
      `Cannot read "${path}": byteorder must be little, got ${JSON.stringify(order)}...; save it ` +
        "on another machine",
    );
  }
}

/** Dictionaries inside dictionaries, no deeper than any that people write. */
const MOST_DEPTH = 8;

function collect(
  value: PickleValue,
  prefix: string,
  found: Map<string, TensorRecord>,
  depth: number,
): void {
  if (!(value instanceof Map) || depth > MOST_DEPTH) return;
  for (const [key, inner] of value) {
    if (typeof key !== "string") continue;
    const isTensor = typeof inner === "object" && inner !== null && "kind" in inner &&
      inner.kind === "tensor";
    if (isTensor && DTYPES[inner.type] !== undefined) found.set(prefix + key, inner);
    else collect(inner, `${prefix}${key}.`, found, depth + 1);
  }
}

/** Elements from the first to the last of a tensor in its storage. */
function extentOf({ shape, stride }: TensorRecord): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * stride[axis], 1);
}

/** The elements row after row, however the storage has them. */
function inOrder(
  flat: Float32Array<ArrayBuffer>,
  { shape, stride }: TensorRecord,
): Float32Array<ArrayBuffer> {
  const rowMajor: number[] = [];
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    rowMajor.unshift(step);
    step *= shape[axis];
  }
  if (rowMajor.every((wanted, axis) => shape[axis] === 1 || wanted === stride[axis])) return flat;
  if (step > flat.length * 64 + 64) {
    throw new CheckpointError(
      `Cannot read weights: a tensor [${shape}] must not repeat its numbers`,
    );
  }
  return Float32Array.from({ length: step }, (_, i) => {
    let at = 0;
    for (let axis = 0, rest = i; axis < shape.length; axis++) {
      at += Math.floor(rest / rowMajor[axis]) * stride[axis];
      rest %= rowMajor[axis];
    }
    return flat[at];
  });
}
