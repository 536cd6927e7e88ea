import type { AdapterFacts } from "../../src/gpu/device.ts";
import { drawMasks } from "../../src/views/masks.ts";
import { randomStream } from "../../src/random.ts";
import { initialBuffer } from "../../src/model/initial_values.ts";
import { maskSettings } from "../../src/training/run_setup.ts";
import type { StepShape } from "../../src/training/step_shape.ts";
import { assertAllClose } from "../support/arrays.ts";
import { type TinyBatch, tinyShape, TinyStep } from "../support/tiny_step.ts";

const SEED = 1;

/** Total loss of the first ten steps; what changes them changes training. */
const PINNED = [
  15.19884,
  13.39625,
  10.65102,
  9.36169,
  9.55526,
  9.36229,
  8.70587,
  9.11152,
  8.82404,
  9.29227,
];

/** Normal pixels and masks as training draws them. */
function drawnBatch(shape: StepShape, step: number): TinyBatch {
  const { batchSize, localViews, globalSize, localSize, model } = shape;
  const pixels = (crops: number, [height, width]: readonly [number, number], purpose: string) => {
    const values = new Float32Array(crops * model.inChans * height * width);
    randomStream(SEED, purpose, step).fillNormal(values);
    return values;
  };
  return {
    globalViews: pixels(2 * batchSize, globalSize, "global views"),
    localViews: pixels(localViews * batchSize, localSize, "local views"),
    masks: drawMasks(randomStream(SEED, "masks", step, 0), maskSettings(shape)),
  };
}

Deno.test("the first ten losses of a tiny model are the pinned ones", async (t) => {
  const shape = tinyShape({ model: { drop_path_rate: 0.1 }, shape: { batchSize: 4 } });
  const adapters: Record<string, Partial<AdapterFacts>> = {
    "this adapter": {},
    "a discrete GPU": { kernels: "gpu", subgroupSize: 0 },
  };
  for (const [name, facts] of Object.entries(adapters)) {
    await t.step(`with the kernels of ${name}`, async () => {
      using tiny = await TinyStep.open(shape, { facts });
      for (const buffer of tiny.step.networks.buffers) {
        tiny.write(buffer.values, initialBuffer(buffer, SEED, "student"));
        tiny.write(buffer.teacher, initialBuffer(buffer, SEED, "teacher"));
      }
      const losses: number[] = [];
      for (let step = 0; step < PINNED.length; step++) {
        tiny.feed(step, drawnBatch(shape, step), SEED);
        tiny.run("begin", "accumulate", "update");
        losses.push((await tiny.metrics()).total);
      }
      const what = `losses (${losses.map((loss) => loss.toFixed(5)).join(", ")})`;
      assertAllClose(losses, PINNED, { rtol: 1e-4, atol: 0 }, what);
    });
  }
});
