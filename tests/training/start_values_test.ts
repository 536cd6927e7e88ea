import { deepEqual, equal, notDeepEqual, ok, rejects } from "node:assert/strict";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { elementCount } from "../../src/gpu/tensor.ts";
import { randomStream } from "../../src/random.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { exportTeacher, saveCheckpoint } from "../../src/training/checkpoint.ts";
import { stepShape } from "../../src/training/run_setup.ts";
import { TrainStep } from "../../src/training/step.ts";
import { startValues } from "../../src/training/start_values.ts";
import { TINY_RUN } from "../support/tiny_run.ts";

/** The tiny run's settings with this checkpoint; the rest makes other models. */
function configOf(
  checkpoint: string | null,
  { output_dim = 64, depth = 2, img_size = 32, num_channels = 3 } = {},
) {
  const method_args = { ...TINY_RUN.method_args, output_dim };
  const model_args = { ...TINY_RUN.model_args, depth, img_size };
  const transform_args = { ...TINY_RUN.transform_args, num_channels };
  const change = { checkpoint, method_args, model_args, transform_args };
  return resolveConfig({ ...TINY_RUN, out: "-", data: "-", ...change });
}

/** Files of a step whose networks hold random values: a checkpoint and an export. */
async function withFiles(
  body: (gpu: Gpu, step: TrainStep, checkpoint: string, exported: string) => Promise<void>,
) {
  using gpu = await Gpu.open();
  const step = new TrainStep(gpu, stepShape(configOf(null)));
  for (const { values, teacher } of step.networks.buffers) {
    for (const part of [values, teacher]) {
      const flat = new Float32Array(elementCount(part.shape));
      randomStream(1, part.label).fillNormal(flat);
      gpu.write(part, flat);
    }
  }
  const folder = await Deno.makeTempDir();
  try {
    const [checkpoint, exported] = [`${folder}/a.safetensors`, `${folder}/e.safetensors`];
    const notes = { step: 3, epoch: 0, config: {} };
    await saveCheckpoint({ file: checkpoint, last: null }, step, gpu, notes);
    await exportTeacher(exported, step, gpu, {});
    await body(gpu, step, checkpoint, exported);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts another step of these settings; returns what a user is told. */
async function started(gpu: Gpu, ...[checkpoint, change]: Parameters<typeof configOf>) {
  const config = configOf(checkpoint, change);
  const step = new TrainStep(gpu, stepShape(config));
  const messages: string[] = [];
  await startValues(config, step, gpu, { onMessage: (message) => messages.push(message) });
  return { step, messages };
}

/** A network's values by parameter, of those whose names begin with `prefix`. */
async function valuesOf(
  gpu: Gpu,
  step: TrainStep,
  network: "student" | "teacher",
  prefix = "",
): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const { members, values, teacher } of step.networks.buffers) {
    const flat = await gpu.download(network === "student" ? values : teacher);
    for (const { parameter: { name, shape }, offset } of members) {
      if (!name.startsWith(prefix)) continue;
      all.set(name, flat.subarray(offset, offset + elementCount(shape)));
    }
  }
  return all;
}

Deno.test("startValues() takes the teacher of a checkpoint, or the student where it is told", async () => {
  await withFiles(async (gpu, saved, checkpoint) => {
    for (const source of ["teacher", "student"] as const) {
      const name = source === "teacher" ? checkpoint : `${checkpoint}#student`;
      const { step, messages } = await started(gpu, name);
      const from = await valuesOf(gpu, saved, source);
      deepEqual(await valuesOf(gpu, step, "student"), from);
      deepEqual(await valuesOf(gpu, step, "teacher"), from);
      deepEqual(messages, [`starting from the ${source}'s weights in "${checkpoint}"`]);
      ok((await gpu.download(step.networks.buffers[0].expAvg)).every((value) => value === 0));
    }
  });
});

Deno.test("startValues() takes a backbone alone from an export, for other heads as well", async () => {
  await withFiles(async (gpu, saved, _checkpoint, exported) => {
    const { step, messages } = await started(gpu, exported, { output_dim: 96 });
    const plain = await started(gpu, null, { output_dim: 96 });
    const from = await valuesOf(gpu, saved, "teacher", "backbone.");
    for (const network of ["student", "teacher"] as const) {
      const [now, initial] = [step, plain.step].map((each) => (prefix: string) =>
        valuesOf(gpu, each, network, prefix)
      );
      deepEqual(await now("backbone."), from);
      deepEqual(await now("dino_head."), await initial("dino_head."));
      notDeepEqual(await now("backbone."), await initial("backbone."));
    }
    deepEqual(messages, [
      `starting from the backbone in "${exported}"; the heads start at random: ` +
      "method_args.student_freeze_backbone_steps=N trains them alone first",
    ]);
  });
});

Deno.test("startValues() fits any checkpoint to another grid and to other channels, and says so", async () => {
  await withFiles(async (gpu, saved, checkpoint, exported) => {
    for (const file of [checkpoint, `${checkpoint}#student`, exported]) {
      const { step, messages } = await started(gpu, file, { img_size: 48, num_channels: 1 });
      deepEqual(messages.slice(0, 2), [
        "positions of 4 x 4 patches resized to 6 x 6",
        "patch embedding of 3 channels adapted to 1 channel: summed",
      ]);
      equal(messages.length, 3);
      const source = file.endsWith("#student") ? "student" : "teacher";
      const [from, now] = [
        await valuesOf(gpu, saved, source),
        await valuesOf(gpu, step, "teacher"),
      ];
      const changed = [...now].filter(([name]) => name.startsWith("backbone."))
        .filter(([name, { length }]) => length !== from.get(name)!.length).map(([name]) => name);
      deepEqual(changed.sort(), ["backbone.patch_embed.proj.weight", "backbone.pos_embed"]);
      deepEqual(now.get("backbone.norm.weight"), from.get("backbone.norm.weight"));
      // The class token's position stays as it is.
      deepEqual(
        now.get("backbone.pos_embed")!.subarray(0, 64),
        from.get("backbone.pos_embed")!.subarray(0, 64),
      );
    }
  });
});

Deno.test("startValues() lists everything that does not fit at once", async () => {
  await withFiles(async (gpu, _saved, checkpoint, exported) => {
    const remedy = "use the model, model_args and transform_args that wrote it, or an exported " +
      "backbone if only the heads are others";
    await rejects(
      started(gpu, checkpoint, { output_dim: 96 }),
      new CheckpointError(
        `Cannot start from "${checkpoint}": it must hold the weights of dinov2/vittest with these ` +
          `settings, got others; ${remedy}
  of another shape:
    dino_head.last_layer.weight_g must be [96, 1], got [64, 1]
    dino_head.last_layer.weight_v must be [96, 16], got [64, 16]`,
      ),
    );
    const listing = (change: { depth: number }) =>
      started(gpu, exported, change).then(() => "", ({ message }: Error) => message);
    const deeper = await listing({ depth: 3 });
    ok(deeper.includes("\n  missing:\n    backbone.blocks.2.norm1.weight\n"), deeper);
    ok(!deeper.includes("not known"), deeper);
    const flatter = await listing({ depth: 1 });
    ok(flatter.includes("\n  not known:\n    backbone.blocks.1.norm1.weight\n"), flatter);
  });
});

Deno.test("startValues() refuses a damaged file and takes one whose name has a # in it", async () => {
  await withFiles(async (gpu, _saved, checkpoint) => {
    await Deno.copyFile(checkpoint, `${checkpoint}#student`);
    const { messages } = await started(gpu, `${checkpoint}#student`);
    deepEqual(messages, [`starting from the teacher's weights in "${checkpoint}#student"`]);
    const bytes = await Deno.readFile(checkpoint);
    bytes[bytes.length - 9] ^= 4;
    await Deno.writeFile(checkpoint, bytes);
    await rejects(started(gpu, checkpoint), CheckpointError);
    await rejects(started(gpu, `${checkpoint}.absent`), CheckpointError);
    equal((await started(gpu, null)).messages.length, 0);
  });
});
