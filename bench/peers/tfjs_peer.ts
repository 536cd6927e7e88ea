// TensorFlow.js on WebGPU as a peer; its matrix product alone: gradients do not load in Deno.
import { loadTfjs, type Tfjs, VERSION } from "./deps/tfjs.ts";
import { type Prepared, serve } from "./protocol.ts";
import type { Arrays, Task } from "./work.ts";

function prepare(tf: Tfjs, { kind }: Task, inputs: Arrays): Promise<Prepared> {
  if (kind !== "matmul") throw new Error("only its matrix product runs in Deno");
  const [a, b] = [inputs.a, inputs.b].map(({ shape, data }) => tf.tensor(data, shape));
  const backend = tf.backend();
  return Promise.resolve({
    async outputs() {
      const y = tf.matMul(a, b);
      const data = await y.data();
      y.dispose();
      return { y: { shape: y.shape, data } };
    },
    async run(repeats) {
      const results = Array.from({ length: repeats }, () => tf.matMul(a, b));
      backend.ensureCommandEncoderReady();
      backend.endComputePassEncoder();
      backend.submitQueue();
      await backend.queue.onSubmittedWorkDone();
      for (const result of results) result.dispose();
    },
    drop() {
      a.dispose();
      b.dispose();
    },
  });
}

await serve(async () => {
  const tf = await loadTfjs();
  if (!await tf.setBackend("webgpu")) throw new Error("has no WebGPU backend here");
  await tf.ready();
  return {
    introduction: { versions: { "@tensorflow/tfjs": VERSION }, device: "WebGPU", software: false },
    prepare: (task, inputs) => prepare(tf, task, inputs),
  };
});
