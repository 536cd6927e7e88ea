/** Saves checkpoints of a tiny step, as a run does, until it is killed: for kill_while_saving.ts. */
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { DEFAULT_FACTS } from "../../src/gpu/device.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { saveCheckpoint } from "../../src/training/checkpoint.ts";
import { openRunFolder } from "../../src/training/run_folder.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";
import { TINY_RUN } from "../../tests/support/tiny_run.ts";

const [out, first] = Deno.args;
const { step } = recordStep(
  DEFAULT_FACTS,
  stepShape(resolveConfig({ ...TINY_RUN, out, data: "-" })),
);
using folder = await openRunFolder({ out, overwrite: true, resume_interrupted: false });
console.log("saving");
for (let stepsDone = Number(first);; stepsDone++) {
  const memory = {
    write: () => {},
    // deno-lint-ignore require-await -- stands for a wait for the GPU
    download: async ({ shape }: { shape: readonly number[] }) =>
      new Float32Array(elementCount(shape)).fill(stepsDone),
  };
  const paths = { file: folder.checkpoint(0, stepsDone), last: folder.lastCheckpoint };
  await saveCheckpoint(paths, step, memory, { step: stepsDone, epoch: 0, config: {} });
  await folder.prune(stepsDone, { save_top_k: 1, monitor: null, mode: "min" });
}
