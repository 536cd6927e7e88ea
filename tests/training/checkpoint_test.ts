import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { resolveConfig } from "../../src/config/resolve_config.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { elementCount, type Tensor } from "../../src/gpu/tensor.ts";
import { randomStream } from "../../src/random.ts";
import { CheckpointError } from "../../src/safetensors.ts";
import { SafetensorsFile } from "../../src/safetensors_file.ts";
import { exportTeacher, loadCheckpoint, saveCheckpoint } from "../../src/training/checkpoint.ts";
import { stepShape } from "../../src/training/run_setup.ts";
import { TrainStep } from "../../src/training/step.ts";
import { TINY_RUN } from "../support/tiny_run.ts";
import { withFolder } from "../support/folders.ts";

/** A step of the tiny model on a live device; the options make another model of it. */
function tinyStep(gpu: Gpu, { outputDim = 64, depth = 2 } = {}): TrainStep {
  const method_args = { ...TINY_RUN.method_args, output_dim: outputDim, ibot_separate_head: true };
  const model_args = { ...TINY_RUN.model_args, depth };
  const config = resolveConfig({ ...TINY_RUN, out: "-", data: "-", method_args, model_args });
  return new TrainStep(gpu, stepShape(config));
}

/** Everything that a run cannot make anew. */
function stateOf({ networks, dinoCenter, ibotCenter }: TrainStep): Tensor[] {
  const parts = networks.buffers.flatMap(({ values, teacher, expAvg, expAvgSq }) => [
    values,
    teacher,
    expAvg,
    expAvgSq,
  ]);
  return [...parts, dinoCenter, ibotCenter];
}

/** Fills the state with numbers of every size, also the smallest, infinity and minus zero. */
function scramble(gpu: Gpu, step: TrainStep): void {
  for (const { members, values, teacher, expAvg, expAvgSq } of step.networks.buffers) {
    for (const part of [values, teacher, expAvg, expAvgSq]) {
      const flat = new Float32Array(elementCount(part.shape)); // the gaps between tensors stay 0
      for (const { parameter: { name, shape }, offset } of members) {
        const stream = randomStream(1, `${part.label} ${name}`);
        const filled = flat.subarray(offset, offset + elementCount(shape));
        stream.fillNormal(filled);
        filled[0] = -0;
        if (filled.length > 2) filled.set([1e-45, Infinity], 1);
      }
      gpu.write(part, flat);
    }
  }
  for (const center of [step.dinoCenter, step.ibotCenter]) {
    const values = new Float32Array(elementCount(center.shape));
    randomStream(1, center.label).fillNormal(values);
    gpu.write(center, values);
  }
}

async function bytesOf(gpu: Gpu, step: TrainStep): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (const tensor of stateOf(step)) parts.push(new Uint8Array(await gpu.downloadBytes(tensor)));
  return parts;
}

const PLACE = { step: 12, epoch: 3, config: {} };

Deno.test("a checkpoint restores everything bit for bit", async () => {
  using gpu = await Gpu.open();
  const [saved, restored] = [tinyStep(gpu), tinyStep(gpu)];
  scramble(gpu, saved);
  await withFolder(async (folder) => {
    const paths = { file: `${folder}/step=12.safetensors`, last: `${folder}/last.safetensors` };
    const metrics = { step: 11, train_loss: 3 };
    await saveCheckpoint(paths, saved, gpu, { ...PLACE, config: { seed: 7 }, metrics });
    deepEqual(await loadCheckpoint(paths.last, restored, gpu), { step: 12, epoch: 3, metrics });
    deepEqual(await bytesOf(gpu, restored), await bytesOf(gpu, saved));

    deepEqual((await readdir(folder)).sort(), ["last.safetensors", "step=12.safetensors"]);
    deepEqual(await readFile(paths.last), await readFile(paths.file));
    await using file = await SafetensorsFile.open(paths.file);
    const { sha256: _hash, ...metadata } = file.metadata;
    deepEqual(metadata, {
      format: "denodino-checkpoint/1",
      step: "12",
      epoch: "3",
      config: '{"seed":7}',
      metrics: '{"step":11,"train_loss":3}',
    });
  });
});

Deno.test("a checkpoint keeps the state of loss scaling, and takes one up without", async () => {
  using half = await Gpu.open({ elem: "f16" });
  const mixed = tinyStep(half);
  const stateNow = () => half.download(mixed.lossScale!);
  const state = Float32Array.of(512, 7, 3, 0.5, 0.25, 0, 0, 0);
  half.write(mixed.lossScale!, state);
  scramble(half, mixed);
  await withFolder(async (folder) => {
    const paths = { file: `${folder}/mixed.safetensors`, last: null };
    await saveCheckpoint(paths, mixed, half, PLACE);
    half.write(mixed.lossScale!, new Float32Array(8));
    await loadCheckpoint(paths.file, mixed, half);
    deepEqual(await stateNow(), state);

    // A run may change its precision: the parameters are the same.
    using gpu = await Gpu.open();
    const full = tinyStep(gpu);
    await loadCheckpoint(paths.file, full, gpu);
    const file = `${folder}/full.safetensors`;
    const config = { optim_args: { betas: [0.5, 0.75] } };
    await saveCheckpoint({ file, last: null }, full, gpu, { ...PLACE, step: 2, config });
    await loadCheckpoint(file, mixed, half);
    deepEqual([...await stateNow()], [0, 0, 0, 0.75, 0.4375, 0, 0, 0]);
  });
});

Deno.test("saveCheckpoint() moves last on and leaves the file before", async () => {
  using gpu = await Gpu.open();
  const step = tinyStep(gpu);
  await withFolder(async (folder) => {
    const last = `${folder}/last.safetensors`;
    const [first, second] = [`${folder}/a.safetensors`, `${folder}/b.safetensors`];
    await saveCheckpoint({ file: first, last }, step, gpu, PLACE);
    const before = await readFile(first);
    scramble(gpu, step);
    await saveCheckpoint({ file: second, last }, step, gpu, { ...PLACE, step: 13 });
    deepEqual(await readFile(first), before);
    deepEqual(await readFile(last), await readFile(second));
    equal((await loadCheckpoint(last, step, gpu)).step, 13);
  });
});

Deno.test("saveCheckpoint() and exportTeacher() name the file that cannot be written", async () => {
  using gpu = await Gpu.open();
  const step = tinyStep(gpu);
  await withFolder(async (folder) => {
    const file = `${folder}/absent/a.safetensors`;
    const names = (error: Error) => {
      const end = "see that there is room and that it may be written, then go on from the last " +
        "checkpoint with resume_interrupted=true";
      ok(error instanceof CheckpointError, error.stack);
      ok(error.message.startsWith(`Cannot write "${file}": ENOENT`), error.message);
      ok(error.message.endsWith(end), error.message);
      return true;
    };
    const last = `${folder}/last.safetensors`;
    await rejects(saveCheckpoint({ file, last }, step, gpu, PLACE), names);
    await rejects(exportTeacher(file, step, gpu, {}), names);
    deepEqual(await readdir(folder), []);
  });
});

Deno.test("loadCheckpoint() refuses another model's file and changes nothing", async () => {
  using gpu = await Gpu.open();
  const [saved, other] = [tinyStep(gpu), tinyStep(gpu, { outputDim: 96 })];
  scramble(gpu, other);
  const before = await bytesOf(gpu, other);
  await withFolder(async (folder) => {
    const file = `${folder}/a.safetensors`;
    await saveCheckpoint({ file, last: `${folder}/last` }, saved, gpu, PLACE);
    await rejects(
      loadCheckpoint(file, other, gpu),
      new CheckpointError(
        `Cannot load "${file}": student.dino_head.last_layer.weight_g must have shape [96, 1], ` +
          "got [64, 1]; use the model and method_args that wrote it",
      ),
    );
    deepEqual(await bytesOf(gpu, other), before);
  });
});

Deno.test("loadCheckpoint() refuses the file of a deeper model", async () => {
  using gpu = await Gpu.open();
  await withFolder(async (folder) => {
    const file = `${folder}/a.safetensors`;
    await saveCheckpoint({ file, last: `${folder}/last` }, tinyStep(gpu), gpu, PLACE);
    await rejects(
      loadCheckpoint(file, tinyStep(gpu, { depth: 1 }), gpu),
      new CheckpointError(
        `Cannot load "${file}": it must hold the tensors of this model alone, got ` +
          "student.backbone.blocks.1.norm1.weight besides; use the model and method_args that " +
          "wrote it",
      ),
    );
  });
});

Deno.test("loadCheckpoint() refuses a file that was cut off or is something else", async () => {
  using gpu = await Gpu.open();
  const step = tinyStep(gpu);
  await withFolder(async (folder) => {
    const file = `${folder}/a.safetensors`;
    await saveCheckpoint({ file, last: `${folder}/last` }, step, gpu, PLACE);
    await Deno.truncate(file, (await stat(file)).size - 4);
    await rejects(loadCheckpoint(file, step, gpu), CheckpointError);

    const exported = `${folder}/exported.safetensors`;
    await exportTeacher(exported, step, gpu, {});
    await rejects(
      loadCheckpoint(exported, step, gpu),
      new CheckpointError(
        `Cannot load "${exported}": student.backbone.cls_token must have shape [1, 1, 64], got ` +
          "no such tensor; use the model and method_args that wrote it",
      ),
    );
    await writeFile(file, "no checkpoint at all");
    await rejects(loadCheckpoint(file, step, gpu), CheckpointError);
  });
});

Deno.test("exportTeacher() writes the teacher's values, not the student's", async () => {
  using gpu = await Gpu.open();
  const step = tinyStep(gpu);
  scramble(gpu, step);
  await withFolder(async (folder) => {
    const path = `${folder}/exported.safetensors`;
    await exportTeacher(path, step, gpu, { format: "test" });
    await using file = await SafetensorsFile.open(path);
    const { teacher } = step.networks;
    for (
      const { name, value } of teacher.set.parameters.map((p) => ({ name: p.name, value: p.value }))
    ) {
      const official = name.replace(/^backbone\./, "");
      equal(file.entries.has(official), name.startsWith("backbone."), name);
      if (official !== name) deepEqual(await file.f32(official), await gpu.download(value));
    }
  });
});
