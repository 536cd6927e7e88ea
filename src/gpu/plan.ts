import { type Choices, chosenOf } from "./choice.ts";
import type { AdapterFacts } from "./device.ts";
import { GpuError } from "./errors.ts";
import type { Elem } from "./kernel.ts";
import { type Choice, type Dispatch, type Recorder, type Variant, withElemOf } from "./recorder.ts";
import { assignSlots, type Lifetime, peakBytes, type Slot } from "./slots.ts";
import { byteLength, type DType, type MemoryKind, type Storage, type Tensor } from "./tensor.ts";

/** A table that never changes, waiting to be uploaded. */
export interface Constant {
  readonly storage: Storage;
  readonly data: Float32Array | Uint32Array;
}

/** Work of a plan that could be laid out otherwise. */
export interface PlannedChoice {
  readonly choice: Choice;
  /** The variant that is recorded. */
  readonly variant: string;
  /** How often the plan has work of this key. */
  readonly uses: number;
  /** Floating-point operations and bytes moved, of all uses together. */
  readonly flops: number;
  readonly bytes: number;
}

/**
 * A step as a value: what runs in each phase, over which memory. Nothing is allocated yet, so it
 * can be printed, costed and refused on a machine that could never run it.
 */
export interface Plan {
  readonly adapter: AdapterFacts;
  /** How activations and the weights of products are stored. */
  readonly elem: Elem;
  /** Dispatches by phase, in the order they run. */
  readonly phases: ReadonlyMap<string, readonly Dispatch[]>;
  /** Memory that lives as long as the plan. */
  readonly kept: readonly Storage[];
  readonly constants: readonly Constant[];
  /** Memory that the activations take turns in. */
  readonly slots: readonly Slot[];
  /** Most activation bytes alive at once: the least that any placement needs. */
  readonly peakActivationBytes: number;
  /** What there was to choose, by key. */
  readonly choices: ReadonlyMap<string, PlannedChoice>;
}

/**
 * Records dispatches instead of running them.
 *
 * @example
 * ```ts
 * import { PlanRecorder } from "./plan.ts";
 * import { DEFAULT_FACTS } from "./device.ts";
 * import { fill } from "../ops/fill.ts";
 *
 * const recorder = new PlanRecorder(DEFAULT_FACTS);
 * const grads = recorder.keep("gradients", [1000], "grads");
 * recorder.phase("begin");
 * fill(recorder, grads, 0);
 * console.log(recorder.finish().phases.get("begin")?.length); // 1
 * ```
 */
export class PlanRecorder implements Recorder {
  readonly #phases = new Map<string, Dispatch[]>();
  readonly #kept: Storage[] = [];
  readonly #constants: Constant[] = [];
  readonly #lifetimes = new Map<Storage, Lifetime & { phase: string }>();
  readonly #transient = new Set<Storage>();
  readonly #made = new Map<string, PlannedChoice>();
  #phase = "";
  #count = 0;
  #flops = 0;
  #bytes = 0;

  /**
   * @param elem How activations and the weights of products are stored.
   * @param choices Variants that were found to be fastest; the built-in ones for all others.
   */
  constructor(
    readonly adapter: AdapterFacts,
    readonly elem: Elem = "f32",
    readonly choices: Choices = new Map(),
  ) {}

  /** Starts a list of dispatches; phases are run by name. Activations do not outlive their phase. */
  phase(name: string): void {
    if (this.#phases.has(name)) {
      throw new GpuError(`Cannot record phase "${name}": it must be new, got a second one`);
    }
    this.#phases.set(name, []);
    this.#phase = name;
  }

  empty(shape: readonly number[], label: string, dtype: DType = this.elem): Tensor {
    const tensor = makeTensor("activations", shape, label, dtype);
    this.#transient.add(tensor.storage);
    return tensor;
  }

  keep(kind: MemoryKind, shape: readonly number[], label: string, dtype: DType = "f32"): Tensor {
    const tensor = makeTensor(kind, shape, label, dtype);
    this.#kept.push(tensor.storage);
    return tensor;
  }

  constant(data: Float32Array | Uint32Array, shape: readonly number[], label: string): Tensor {
    const dtype = data instanceof Uint32Array ? "u32" : "f32";
    const tensor = this.keep("constants", shape, label, dtype);
    this.#constants.push({ storage: tensor.storage, data });
    return tensor;
  }

  run(dispatch: Dispatch): void {
    const list = this.#phases.get(this.#phase);
    if (!list) throw new GpuError(`Cannot record ${dispatch.label}: start a phase first`);
    for (const { storage, label } of dispatch.inputs) {
      if (this.#transient.has(storage) && !this.#lifetimes.has(storage)) {
        throw new GpuError(
          `Cannot record ${dispatch.label}: it reads ${label}, which nothing wrote`,
        );
      }
    }
    for (const { storage } of [...dispatch.inputs, ...dispatch.outputs]) {
      if (this.#transient.has(storage)) this.#touch(storage, dispatch.label);
    }
    list.push(withElemOf(dispatch, this.elem));
    this.#count++;
    this.#flops += dispatch.flops ?? 0;
    this.#bytes += bytesOf(dispatch);
  }

  choose<V extends Variant>(choice: Choice<V>): void {
    const variant = chosenOf(choice, this.choices);
    if (choice.variants.length === 1) return choice.record(this, variant);
    const [flops, bytes] = [this.#flops, this.#bytes];
    choice.record(this, variant);
    const { uses, ...before } = this.#made.get(choice.key) ?? { uses: 0, flops: 0, bytes: 0 };
    this.#made.set(choice.key, {
      choice: choice as unknown as Choice,
      variant: variant.name,
      uses: uses + 1,
      flops: before.flops + this.#flops - flops,
      bytes: before.bytes + this.#bytes - bytes,
    });
  }

  /** The recorded plan, with the activations placed. */
  finish(): Plan {
    const lifetimes = [...this.#lifetimes.values()];
    return {
      adapter: this.adapter,
      elem: this.elem,
      phases: this.#phases,
      kept: this.#kept,
      constants: this.#constants,
      slots: assignSlots(lifetimes),
      peakActivationBytes: peakBytes(lifetimes),
      choices: this.#made,
    };
  }

  #touch(storage: Storage, label: string): void {
    const life = this.#lifetimes.get(storage);
    if (!life) {
      const now = { storage, first: this.#count, last: this.#count, phase: this.#phase };
      this.#lifetimes.set(storage, now);
    } else if (life.phase !== this.#phase) {
      throw new GpuError(
        `Cannot record ${label}: ${storage.label} belongs to phase "${life.phase}", not to ` +
          `"${this.#phase}"`,
      );
    } else life.last = this.#count;
  }
}

function makeTensor(
  kind: MemoryKind,
  shape: readonly number[],
  label: string,
  dtype: DType,
): Tensor {
  const storage: Storage = { label, kind, sizeBytes: byteLength(shape, dtype) };
  return { label, shape, dtype, storage, offsetBytes: 0 };
}

/** What a plan takes and does, for `plan` and for the refusal of a run that cannot fit. */
export interface PlanCost {
  readonly bytesByKind: ReadonlyMap<MemoryKind | "scratch", number>;
  readonly totalBytes: number;
  readonly largest: { label: string; kind: MemoryKind; bytes: number };
  readonly flops: number;
}

/** A transient that lives for so few dispatches is scratch, not an activation kept for backward. */
const SCRATCH_SPAN = 8;

/** Adds up a plan's memory and arithmetic. */
export function costOf(plan: Plan): PlanCost {
  const bytesByKind = new Map<MemoryKind | "scratch", number>();
  const add = (kind: MemoryKind | "scratch", bytes: number) =>
    bytesByKind.set(kind, (bytesByKind.get(kind) ?? 0) + bytes);
  const places = [...plan.kept];
  for (const { kind, sizeBytes } of plan.kept) add(kind, sizeBytes);
  for (const { sizeBytes, members } of plan.slots) {
    const short = members.every(({ first, last }) => last - first <= SCRATCH_SPAN);
    add(short ? "scratch" : "activations", sizeBytes);
    places.push(members[0].storage);
  }
  const largest = places.reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
  const dispatches = [...plan.phases.values()].flat();
  return {
    bytesByKind,
    totalBytes: [...bytesByKind.values()].reduce((a, b) => a + b, 0),
    largest: { label: largest.label, kind: largest.kind, bytes: largest.sizeBytes },
    flops: dispatches.reduce((sum, { flops = 0 }) => sum + flops, 0),
  };
}

/**
 * Bytes that a dispatch moves: as it says, or once over everything it binds. What is bound twice
 * stands in for something absent.
 */
export function bytesOf({ bytes, inputs, outputs }: Dispatch): number {
  if (bytes !== undefined) return bytes;
  return [...new Set([...inputs, ...outputs])].reduce(
    (sum, t) => sum + byteLength(t.shape, t.dtype),
    0,
  );
}

/**
 * Refuses a plan that cannot fit, before anything is allocated.
 *
 * @param memoryBytes Memory that may be used, where that is known.
 * @param remedies What to do about it; those of training if left out.
 * @throws {GpuError} Says by how much it does not fit, and which setting to lower.
 */
export function assertFits(
  plan: Plan,
  memoryBytes?: number,
  remedies: Remedies = TRAINING_REMEDIES,
): void {
  const { maxBindingBytes, maxBufferBytes, name } = plan.adapter;
  const limit = Math.min(maxBindingBytes, maxBufferBytes);
  const { largest, totalBytes } = costOf(plan);
  if (largest.bytes > limit) {
    throw new GpuError(
      `Cannot run this plan on ${name}: ${largest.label} must take at most ${mib(limit)} (the ` +
        `adapter's limit for one buffer), got ${mib(largest.bytes)}; ${
          remedyFor(largest.kind, remedies)
        }`,
    );
  }
  if (memoryBytes !== undefined && totalBytes > memoryBytes) {
    throw new GpuError(
      `Cannot run this plan on ${name}: it needs ${mib(totalBytes)}, which is ` +
        `${mib(totalBytes - memoryBytes)} more than there is; ${remedies.batch}`,
    );
  }
}

/** What to do where a plan does not fit, in words. */
export interface Remedies {
  /** About what grows with the batch. */
  batch: string;
  /** About what grows with the model. */
  model: string;
}

const TRAINING_REMEDIES: Remedies = {
  batch: "lower batch_size (and raise gradient_accumulation_steps by as much), " +
    "transform_args.local_view.num_views or the model's size",
  model: "lower method_args.output_dim or the model's width",
};

function remedyFor(kind: MemoryKind, { batch, model }: Remedies): string {
  const byBatch = kind === "activations" || kind === "images" || kind === "inputs";
  return byBatch || kind === "constants" ? batch : model;
}

/** Bytes as people read them. */
export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
