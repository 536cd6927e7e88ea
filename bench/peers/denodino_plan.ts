import { chooseBuiltIn } from "../../src/gpu/choice.ts";
import type { AdapterFacts } from "../../src/gpu/device.ts";
import { type Plan, PlanRecorder } from "../../src/gpu/plan.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { recordAttention } from "./denodino_attention.ts";
import { recordBlock, recordLayerNorm, recordMatmul } from "./denodino_layers.ts";
import type { Recorded } from "./recorded.ts";
import type { Arrays, Task } from "./work.ts";

/** The plan of any work but a step; its one phase is called `work`. */
export function planWork(
  facts: AdapterFacts,
  task: Pick<Task, "kind" | "settings">,
  inputs: Arrays,
): Recorded & { plan: Plan } {
  const recorder = new PlanRecorder(facts);
  recorder.phase("work");
  const recorded = record(keeping(recorder, facts), task, inputs);
  return { ...recorded, plan: recorder.finish() };
}

function record(
  gpu: Recorder,
  { kind, settings }: Pick<Task, "kind" | "settings">,
  inputs: Arrays,
): Recorded {
  switch (kind) {
    case "matmul":
      return recordMatmul(gpu, inputs);
    case "attention":
      return recordAttention(gpu, settings, inputs);
    case "layer_norm":
      return recordLayerNorm(gpu, settings, inputs);
    case "block":
      return recordBlock(gpu, settings, inputs);
    default:
      throw new Error(`no ${kind} here`);
  }
}

/** Keeps what ops allocate, so that results can be read afterwards. */
function keeping(plan: PlanRecorder, adapter: AdapterFacts): Recorder {
  return {
    adapter,
    elem: plan.elem,
    empty: (...tensor) => plan.keep("activations", ...tensor),
    keep: (...tensor) => plan.keep(...tensor),
    constant: (...table) => plan.constant(...table),
    run: (dispatch) => plan.run(dispatch),
    choose: chooseBuiltIn,
  };
}
