import type { Recorder } from "../gpu/recorder.ts";
import { alignUp, elementCount, type MemoryKind, type Tensor, view } from "../gpu/tensor.ts";

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

  constructor(
    /** Official state-dict name, such as `blocks.0.attn.qkv.weight`, after its module's prefix. */
    readonly name: string,
    readonly shape: readonly number[],
    readonly init: Init,
  ) {}

  get value(): Tensor {
    if (!this.#value) throw new Error(`Cannot use ${this.name}: allocate its parameters first`);
    return this.#value;
  }

  /** Where backward adds; the teacher has none. */
  get grad(): Tensor {
    if (!this.#grad) throw new Error(`Cannot train ${this.name}: it has no gradient`);
    return this.#grad;
  }

  place(value: Tensor, grad?: Tensor): void {
    this.#value = value;
    this.#grad = grad;
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

  declare(name: string, shape: readonly number[], init: Init): Parameter {
    const parameter = new Parameter(this.#prefix + name, shape, init);
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
  const groups: ReturnType<typeof groupsOf> = [];
  for (const parameter of parameters) {
    const length = alignUp(elementCount(parameter.shape) * 4) / 4;
    let group = groups.at(-1);
    if (group === undefined || group.length + length > limit) {
      groups.push(group = { members: [], length: 0 });
    }
    group.members.push({ parameter, offset: group.length });
    group.length += length;
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
  for (const { parameter, teacher, offset } of members) {
    const part = (whole: Tensor, label: string) => ({
      ...view(whole, parameter.shape, offset),
      label,
    });
    const { name } = parameter;
    parameter.place(part(values, name), part(grads, `${name}.grad`));
    teacher.place(part(teacherValues, `teacher.${name}`));
  }
  return {
    members,
    values,
    grads,
    expAvg: buffer("optimizer", "exp_avg"),
    expAvgSq: buffer("optimizer", "exp_avg_sq"),
    teacher: teacherValues,
  };
}
