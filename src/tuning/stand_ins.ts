import { type Constant, type Plan, PlanRecorder } from "../gpu/plan.ts";
import type { Choice, Dispatch } from "../gpu/recorder.ts";
import { byteLength, elementCount, type Storage, type Tensor } from "../gpu/tensor.ts";

/** A choice as a plan of its own, and what of its memory is to be filled before it is timed. */
export interface ChoicePlan {
  /** With a phase for each variant, of its name. */
  plan: Plan;
  /** In place of tensors of other plans whose values nobody knows yet. */
  unknown: Tensor[];
}

/**
 * Records all variants of a choice beside the plan that it is part of: over memory of the same
 * sizes, with the same tables.
 */
export function planOfChoice(whole: Plan, choice: Choice): ChoicePlan {
  const recorder = new PlanRecorder(whole.adapter, whole.elem);
  const standIns = new StandIns(recorder, whole.constants);
  const own = new Set<Storage>();
  const noted = (tensor: Tensor) => {
    own.add(tensor.storage);
    return tensor;
  };
  for (const variant of choice.variants) {
    recorder.phase(variant.name);
    choice.record({
      adapter: whole.adapter,
      elem: whole.elem,
      empty: (...tensor) => noted(recorder.empty(...tensor)),
      keep: (...tensor) => noted(recorder.keep(...tensor)),
      constant: (...table) => noted(recorder.constant(...table)),
      run: (dispatch) => recorder.run(standIns.replace(dispatch, own)),
      choose: (inner) => recorder.choose(inner),
    }, variant);
  }
  return { plan: recorder.finish(), unknown: standIns.unknown };
}

/** Tensors in place of those of another plan: one for each range of its memory. */
class StandIns {
  readonly unknown: Tensor[] = [];
  readonly #made = new Map<Storage, Map<string, Tensor>>();
  readonly #tables: ReadonlyMap<Storage, Constant["data"]>;

  constructor(readonly recorder: PlanRecorder, constants: readonly Constant[]) {
    this.#tables = new Map(constants.map(({ storage, data }) => [storage, data]));
  }

  /** The dispatch over stand-ins for all that is not the recorder's own. */
  replace(dispatch: Dispatch, own: ReadonlySet<Storage>): Dispatch {
    const standIn = (tensor: Tensor) => own.has(tensor.storage) ? tensor : this.#for(tensor);
    return {
      ...dispatch,
      inputs: dispatch.inputs.map(standIn),
      outputs: dispatch.outputs.map(standIn),
    };
  }

  #for(tensor: Tensor): Tensor {
    const { storage, offsetBytes, shape, dtype } = tensor;
    const range = `${offsetBytes} ${byteLength(shape, dtype)}`;
    const ranges = this.#made.get(storage) ?? new Map<string, Tensor>();
    this.#made.set(storage, ranges);
    const made = ranges.get(range) ?? this.#make(tensor);
    ranges.set(range, made);
    return { ...made, shape, dtype };
  }

  #make({ storage, offsetBytes, shape, dtype, label }: Tensor): Tensor {
    const table = this.#tables.get(storage);
    if (table !== undefined) {
      const first = offsetBytes / table.BYTES_PER_ELEMENT;
      return this.recorder.constant(table.slice(first, first + elementCount(shape)), shape, label);
    }
    if (dtype === "u32") { // of rows, most likely, each with what goes along: every one is another
      const words = shape.slice(1).reduce((product, size) => product * size, 1);
      const rows = Uint32Array.from({ length: elementCount(shape) }, (_, i) => i / words);
      return this.recorder.constant(rows, shape, label);
    }
    const made = this.recorder.keep("activations", shape, label, dtype);
    this.unknown.push(made);
    return made;
  }
}
