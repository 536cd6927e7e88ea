import type { OpenDevice } from "../../src/gpu/device.ts";
import { PlanRunner } from "../../src/gpu/runner.ts";
import { hyperOf } from "../../src/optim/parameter_update.ts";
import { drawDropPath } from "../../src/training/drop_path.ts";
import { PHASES } from "../../src/training/run_setup.ts";
import { setMasks } from "../../src/training/step_data.ts";
import { METRICS, type TrainStep } from "../../src/training/step.ts";
import { recordTunedStep } from "../support/tuned_step.ts";
import type { Prepared } from "./protocol.ts";
import { schedulesOf, stepConfig } from "./step_work.ts";
import type { Arrays, Task } from "./work.ts";

/** What of a step's numbers is compared. */
const COMPARED = ["dino_global", "dino_local", "ibot", "koleo", "grad_norm"];

/** The plan that training runs, with others' start values, views and masks. */
export async function prepareStep(
  open: OpenDevice,
  { settings }: Task,
  inputs: Arrays,
): Promise<Prepared> {
  const config = stepConfig(settings.options);
  const { plan, step } = await recordTunedStep(open, config);
  const runner = await PlanRunner.build(plan, open);
  writeStart(runner, step, inputs);
  const { method_args: method, optim_args: optim } = config;
  const schedules = schedulesOf(config);
  const feed = (index: number) => {
    const now = schedules.at(index);
    setMasks(step.inputs, step.shape, Uint8Array.from(inputs.masks.data));
    drawDropPath(step.inputs, step.shape, 0, index, 0);
    step.inputs.set("loss_scalars", [now.teacherTemp, 1]);
    const { scaledLr } = schedules;
    step.inputs.set("hyper", hyperOf(index, now, { method, optim, scaledLr }));
    runner.write(step.inputs.whole, step.inputs.values);
  };
  return {
    async outputs() {
      const arrays: Arrays = {};
      for (const index of [0, 1]) {
        feed(index);
        runner.run(...PHASES);
        const metrics = await runner.download(step.metrics);
        for (const name of COMPARED) {
          const data = Float32Array.of(metrics[METRICS.indexOf(name)]);
          arrays[`step ${index} ${name}`] = { shape: [1], data };
        }
      }
      return arrays;
    },
    async run(repeats) {
      for (let i = 0; i < repeats; i++) runner.run(...PHASES);
      await runner.finish();
    },
    drop: () => runner[Symbol.dispose](),
  };
}

function writeStart(runner: PlanRunner, step: TrainStep, inputs: Arrays): void {
  runner.write(step.globalViews, inputs.globalViews.data);
  runner.write(step.localViews, inputs.localViews.data);
  for (const { members, values, teacher } of step.networks.buffers) {
    for (const { parameter: { name }, offset } of members) {
      runner.write(values, inputs[`student.${name}`].data, offset);
      runner.write(teacher, inputs[`teacher.${name}`].data, offset);
    }
  }
}
