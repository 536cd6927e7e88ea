// @jax-js/jax as a peer: deno run -A bench/peers/jax_js_peer.ts webgpu|wasm
import { type JaxJs, loadJaxJs, type Named, VERSION } from "./deps/jax_js.ts";
import { jaxWork } from "./jax_js_works.ts";
import { type Prepared, serve } from "./protocol.ts";
import type { Arrays, Task } from "./work.ts";

/** Results that are kept until they are there. */
const AT_ONCE = 16;

async function prepare(jax: JaxJs, task: Task, inputs: Arrays): Promise<Prepared> {
  const tensors: Named = {};
  for (const [name, { shape, data }] of Object.entries(inputs)) {
    tensors[name] = jax.numpy.array(data).reshape(shape);
  }
  const references = () =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.ref]));
  await jax.blockUntilReady(references());
  const work = jax.jit(jaxWork(jax, task));
  return {
    async outputs() {
      const arrays: Arrays = {};
      for (const [name, result] of Object.entries(work(references()))) {
        const { shape } = result;
        arrays[name] = { shape, data: await result.data() };
      }
      return arrays;
    },
    async run(repeats) {
      // What is freed before it was waited for is never computed; waiting takes 10 ms.
      for (let done = 0; done < repeats; done += AT_ONCE) {
        const count = Math.min(AT_ONCE, repeats - done);
        const results = Array.from({ length: count }, () => work(references()));
        await jax.blockUntilReady(results);
        results.forEach(free);
      }
    },
    drop: () => free(tensors),
  };
}

function free(arrays: Named): void {
  for (const array of Object.values(arrays)) array.dispose();
}

await serve(async () => {
  const [device] = Deno.args;
  const jax = await loadJaxJs();
  if (!(await jax.init(device)).includes(device)) throw new Error(`has no ${device} here`);
  jax.defaultDevice(device);
  const [versions, software] = [{ "@jax-js/jax": VERSION }, device === "wasm"];
  const introduction = { versions, device: software ? "Wasm" : "WebGPU", software };
  return { introduction, prepare: (task, inputs) => prepare(jax, task, inputs) };
});
