import { resolveConfig } from "../../src/config/resolve_config.ts";
import type { Dispatch } from "../../src/gpu/recorder.ts";
import { factsOfModel, GPU_MODELS } from "../../src/profile/gpu_models.ts";
import { recordStep, stepShape } from "../../src/training/run_setup.ts";

/** A dispatch of a kernel that is all there is in its file. */
export function dispatchOf(source: string, rest: Partial<Dispatch> = {}): Dispatch {
  return {
    label: "made_up.forward",
    source,
    entryPoint: "forward",
    inputs: [],
    outputs: [],
    workgroups: 132,
    ...rest,
  };
}

/** Every dispatch of a small step as an H100 would run it. */
export function stepOnPaper(): Dispatch[] {
  const config = resolveConfig({
    out: "-",
    data: "-",
    model: "dinov2/vittest",
    batch_size: 8,
    method_args: { output_dim: 4096 },
  });
  const { transform_args: views } = config;
  const { plan } = recordStep(factsOfModel(GPU_MODELS.h100), stepShape(config), views);
  return [...plan.phases.values()].flat();
}
