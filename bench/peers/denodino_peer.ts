// Our own kernels as a peer among others: each work is a plan, as a training step is.
import { chooseBuiltIn } from "../../src/gpu/choice.ts";
import { type AdapterFacts, type OpenDevice, openDevice } from "../../src/gpu/device.ts";
import { PlanRecorder } from "../../src/gpu/plan.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { VERSION } from "../../src/version.ts";
import { recordAttention } from "./denodino_attention.ts";
import { recordBlock, recordLayerNorm, recordMatmul } from "./denodino_layers.ts";
import { prepareStep } from "./denodino_step.ts";
import { type Prepared, serve } from "./protocol.ts";
import type { Recorded } from "./recorded.ts";
import type { Arrays, Task } from "./work.ts";

function record(gpu: Recorder, { kind, settings }: Task, inputs: Arrays): Recorded {
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

async function prepare(open: OpenDevice, task: Task, inputs: Arrays): Promise<Prepared> {
  if (task.kind === "step") return await prepareStep(open, task, inputs);
  const plan = new PlanRecorder(open.facts);
  plan.phase("work");
  const { writes, results } = record(keeping(plan, open.facts), task, inputs);
  const runner = await PlanRunner.build(plan.finish(), open);
  for (const [tensor, data] of writes) runner.write(tensor, data);
  const read = async (tensor: Tensor) => ({
    shape: tensor.shape,
    data: await runner.download(tensor),
  });
  return {
    async outputs() {
      runner.run("work");
      return await results(read);
    },
    async run(repeats) {
      for (let i = 0; i < repeats; i++) runner.run("work");
      await runner.finish();
    },
    drop: () => runner[Symbol.dispose](),
  };
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

if (import.meta.main) {
  await serve(async () => {
    const open = await openDevice();
    return {
      introduction: {
        versions: { denodino: VERSION, deno: Deno.version.deno },
        device: open.facts.name,
        software: open.facts.software,
      },
      prepare: (task, inputs) => prepare(open, task, inputs),
    };
  });
}
