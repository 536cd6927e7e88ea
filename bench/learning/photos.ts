/**
 * How good features of small photos get without labels, with `preset=small` unless told otherwise:
 * trains a small backbone on a folder, and classifies its images, or those of a test folder, by
 * their 20 nearest neighbours along the way, beside raw pixels and random weights.
 *
 *     deno run -A bench/learning/photos.ts name=cifar10 train=DIR [test=DIR] [size=32] \
 *       [every=200] [steps=2000] [key=value...]
 */
import { parseArguments } from "../../src/config/parse_arguments.ts";
import type { TrainOptions } from "../../src/config/train_config.ts";
import { runCurve } from "./run_curve.ts";

function settingsFor(size: number): Partial<TrainOptions> {
  return {
    preset: "small",
    steps: 2000,
    model: "dinov2/vittest",
    transform_args: {
      image_size: [size, size],
      local_view: { view_size: [size / 2, size / 2] },
    },
  };
}

if (import.meta.main) {
  const { name, train, test = null, size = 32, every = 200, ...changes } =
    parseArguments(Deno.args).values;
  if (typeof name !== "string" || typeof train !== "string") {
    throw new Error("Cannot draw a learning curve: name=NAME and train=FOLDER must be given");
  }
  const folders = { train, test: test === null ? null : String(test) };
  const sizes = { size: Number(size), every: Number(every) };
  await runCurve(name, settingsFor(sizes.size), folders, { ...sizes, changes });
}
