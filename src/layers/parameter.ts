import type { Recorder } from "../gpu/recorder.ts";
import {
  ALIGNMENT_BYTES,
  BYTES,
  elementCount,
  type MemoryKind,
  type Tensor,
  view,
} from "../gpu/tensor.ts";
import { castInto } from "../ops/cast.ts";

/** How a parameter starts; drawn from the seeded generator when training begins. */
export type Init =
  | { kind: "constant"; value: number }
  | { kind: "normal"; std: number }
  | { kind: "truncatedNormal"; std: number }
  | { kind: "uniform"; bound: number };

/**
 * A named, trained tensor.
 *
 * The convention of all backward passes: gradients of parameters **add**, gradients of activations
 * **overwrite**, and a residual join sums its two.
 */
export class Parameter {
  #value?: Tensor;
  #grad?: Tensor;
  #working?: Tensor;

  constructor(
    /** Official state-dict name, such as `blocks.0.attn.qkv.weight`, after its module's prefix. */
    readonly name: string,
    readonly shape: readonly number[],
    readonly init: Init,
    /** Whether products multiply by it: they read {@linkcode working}, stored as activations are. */
    readonly multiplies = false,
  ) {}

  /** The f32 values, which are trained and saved. */
  get value(): Tensor {
    if (!this.#value) throw new Error(`Cannot use ${this.name}: allocate its parameters first`);
    return this.#value;
  }

  /** Where backward adds; the teacher has none. */
  get grad(): Tensor {
    if (!this.#grad) throw new Error(`Cannot train ${this.name}: it has no gradient`);
    return this.#grad;
  }

  /** What products multiply by: `value` itself, or where activations are f16 a copy of it. */
  get working(): Tensor {
    if (!this.multiplies) throw new Error(`Cannot multiply by ${this.name}: declare that it does`);
    return this.#working ?? this.value;
  }

  place(value: Tensor, grad?: Tensor, working?: Tensor): void {
    this.#value = value;
    this.#grad = grad;
    this.#working = working;
  }
}

/** Collects the parameters of a network in the order its layers declare them. */
export class ParameterSet {
  readonly parameters: Parameter[] = [];
  readonly #prefix: string;

  constructor(prefix = "", parent?: ParameterSet) {
    this.#prefix = prefix;
    if (parent) this.parameters = parent.parameters;
  }

  declare(
    name: string,
    shape: readonly number[],
    init: Init,
    { multiplies = false }: { multiplies?: boolean } = {},
  ): Parameter {
    const parameter = new Parameter(this.#prefix + name, shape, init, multiplies);
    this.parameters.push(parameter);
    return parameter;
  }

  /** The same set, with names that begin with `prefix`. */
  scope(prefix: string): ParameterSet {
    return new ParameterSet(this.#prefix + prefix, this);
  }
}

/** Parameters that share one buffer of each kind, at the same offsets in all of them. */
export interface ParameterBuffers {
  readonly members: readonly { parameter: Parameter; teacher: Parameter; offset: number }[];
  /** All flat `[n]`, n a multiple of 64; the gaps between tensors stay zero. */
  readonly values: Tensor;
  readonly grads: Tensor;
  readonly expAvg: Tensor;
  readonly expAvgSq: Tensor;
  readonly teacher: Tensor;
  /** f16 copies of values and teacher, where activations are f16 and products multiply by them. */
  readonly working: { readonly values: Tensor; readonly teacher: Tensor } | null;
}

/**
 * Places student and teacher parameters in a few large buffers.
 *
 * A tensor is never split, and no buffer passes the adapter's binding limit, so that the update of
 * all parameters is one dispatch per buffer. Student and teacher must declare the same parameters.
 */
export function allocateParameters(
  gpu: Recorder,
  student: ParameterSet,
  teacher: ParameterSet,
): ParameterBuffers[] {
  const teachers = new Map(student.parameters.map((each, i) => [each, teacher.parameters[i]]));
  return groupsOf(gpu, student).map(({ members, length }, index) => {
    const pairs = members.map((each) => ({ ...each, teacher: teachers.get(each.parameter)! }));
    return place(gpu, pairs, length, index);
  });
}

/** Parameters that share one buffer, and no more than their values: for a network at rest. */
export interface ValueBuffers {
  readonly members: readonly { parameter: Parameter; offset: number }[];
  /** Flat `[n]`, n a multiple of 64; the gaps between tensors stay zero. */
  readonly values: Tensor;
}

/** Places the parameters of a network that is not trained in a few large buffers. */
export function allocateValues(gpu: Recorder, set: ParameterSet): ValueBuffers[] {
  return groupsOf(gpu, set).map(({ members, length }, index) => {
    const values = gpu.keep("parameters", [length], `parameters.${index}`);
    for (const { parameter, offset } of members) {
      const { name, shape } = parameter;
      parameter.place({ ...view(values, shape, offset), label: name });
    }
    return { members, values };
  });
}

/** Which parameters share a buffer, and where in it each begins, in floats. */
function groupsOf(
  gpu: Recorder,
  { parameters }: ParameterSet,
): { members: { parameter: Parameter; offset: number }[]; length: number }[] {
  const limit = Math.min(gpu.adapter.maxBindingBytes, gpu.adapter.maxBufferBytes) / 4;
  // Each begins on an aligned byte in the working copy too.
  const unit = ALIGNMENT_BYTES / BYTES[gpu.elem];
  const groups: ReturnType<typeof groupsOf> = [];
  // A buffer has a working copy of all that it holds, or of nothing.
  const kinds = gpu.elem === "f32"
    ? [parameters]
    : [true, false].map((kind) => parameters.filter(({ multiplies }) => multiplies === kind));
  for (const kind of kinds.filter(({ length }) => length > 0)) {
    groups.push({ members: [], length: 0 });
    for (const parameter of kind) {
      const length = Math.ceil(elementCount(parameter.shape) / unit) * unit;
      let group = groups.at(-1)!;
      if (group.members.length > 0 && group.length + length > limit) {
        groups.push(group = { members: [], length: 0 });
      }
      group.members.push({ parameter, offset: group.length });
      group.length += length;
    }
  }
  return groups;
}

function place(
  gpu: Recorder,
  members: ParameterBuffers["members"],
  length: number,
  index: number,
): ParameterBuffers {
  const buffer = (kind: MemoryKind, label: string) => gpu.keep(kind, [length], `${label}.${index}`);
  const values = buffer("parameters", "parameters");
  const grads = buffer("gradients", "gradients");
  const teacherValues = buffer("teacher", "teacher");
  const copy = (kind: MemoryKind, label: string) =>
    gpu.keep(kind, [length], `${label}.working.${index}`, gpu.elem);
  const working = gpu.elem === "f16" && members[0].parameter.multiplies
    ? { values: copy("parameters", "parameters"), teacher: copy("teacher", "teacher") }
    : null;
  for (const { parameter, teacher, offset } of members) {
    const part = (whole: Tensor, label: string) => ({
      ...view(whole, parameter.shape, offset),
      label,
    });
    const { name } = parameter;
    const half = (whole: Tensor | undefined, label: string) =>
      whole && part(whole, `${label}.working`);
    const [own, follower] = [
      half(working?.values, name),
      half(working?.teacher, `teacher.${name}`),
    ];
    parameter.place(part(values, name), part(grads, `${name}.grad`), own);
    teacher.place(part(teacherValues, `teacher.${name}`), undefined, follower);
  }
  return {
    members,
    values,
    grads,
    expAvg: buffer("optimizer", "exp_avg"),
    expAvgSq: buffer("optimizer", "exp_avg_sq"),
    teacher: teacherValues,
    working,
  };
}

/** Rounds a network's values anew into the copies that products read; nothing where there are none. */
export function castWorking(
  gpu: Recorder,
  buffers: readonly ParameterBuffers[],
  network: "student" | "teacher",
): void {
  const part = network === "student" ? "values" : "teacher";
  for (const each of buffers) {
    if (each.working) castInto(gpu, each[part], each.working[part]);
  }
}
