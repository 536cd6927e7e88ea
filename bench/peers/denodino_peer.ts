// Our own kernels as a peer among others: each work is a plan, as a training step is.
import { type OpenDevice, openDevice } from "../../src/gpu/device.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { VERSION } from "../../src/version.ts";
import { planWork } from "./denodino_plan.ts";
import { prepareStep } from "./denodino_step.ts";
import { type Prepared, serve } from "./protocol.ts";
import type { Arrays, Task } from "./work.ts";

async function prepare(open: OpenDevice, task: Task, inputs: Arrays): Promise<Prepared> {
  if (task.kind === "step") return await prepareStep(open, task, inputs);
  const { plan, writes, results } = planWork(open.facts, task, inputs);
  const runner = await PlanRunner.build(plan, open);
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
