import type { Nested } from "../config/nested.ts";
import type { Command } from "../deps/commander.ts";
import { openDevice } from "../gpu/device.ts";
import { describeProfile } from "../profile/profile_text.ts";
import { profileConfig } from "../training/profile_step.ts";
import { readStepArguments } from "./arguments.ts";
import { type CommandContext, examples, print, printFound } from "./command_line.ts";

/** Adds `step` to `bench`; `run` is what it does. */
export function addBenchStep(bench: Command, context: CommandContext, run = profileConfig): void {
  bench.command("step")
    .description("profile a training step: time, FLOP/s and GB/s of each kernel and part")
    .argument("[settings...]", "settings as key=value; all may be left out")
    .option("--json", "print the whole profile as JSON, in milliseconds, FLOPs and bytes")
    .addHelpText("after", STEP_HELP)
    .action(async (args, _options, command) => {
      const { json } = command.optsWithGlobals(); // --json is an option of bench too
      const { err } = context;
      const config = await readStepArguments(args, await usualStep());
      const out = config.out === "-" ? null : config.out;
      const profile = await run(config, out, {
        onStep(done, total) {
          if (err.style.terminal) err.write(`\r\x1b[Kstep ${done}/${total}`);
        },
        onTuning(done, total) {
          if (err.style.terminal) err.write(`\r\x1b[Kmeasuring kernels ${done}/${total}`);
        },
      });
      if (err.style.terminal) err.write("\r\x1b[K");
      printFound(context, profile, json, describeProfile);
      if (out !== null && !json) {
        print(context.out, `\nin ${out}: profile.md, profile.json, profile.png, trace.json`);
      }
    });
}

const STEP_HELP = `${
  examples(
    "bench step",
    "bench step model=dinov2/vits14-notpretrained batch_size=32 profile=10 out=out/profile",
  )
}

Steps run on noise: what data takes is told by train ... profile=10. Without a model it is the
tiny one of the project's targets on a software adapter, and ViT-S/14 on a GPU; profile is how many
steps are timed. With out the profile is left there: as text, JSON and picture, and as trace.json
for ui.perfetto.dev.`;

/** The step that is profiled where no model is named. */
async function usualStep(): Promise<Nested> {
  const { facts, close } = await openDevice();
  close();
  return facts.software ? TINY_STEP : { model: "dinov2/vits14-notpretrained", batch_size: 32 };
}

/** 192 wide, 4 blocks, 3 heads, patches of 8: seconds on a software adapter. */
const TINY_STEP: Nested = {
  model: "dinov2/vittest",
  batch_size: 16,
  profile: 3,
  model_args: { embed_dim: 192, depth: 4, num_heads: 3, patch_size: 8 },
  method_args: {
    hidden_dim: 512,
    dino_bottleneck_dim: 64,
    ibot_bottleneck_dim: 64,
    output_dim: 4096,
  },
  transform_args: { image_size: [64, 64], local_view: { num_views: 8, view_size: [32, 32] } },
};
