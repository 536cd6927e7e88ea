import { elementCount } from "../gpu/tensor.ts";
import type { Parameter, ValueBuffers } from "../layers/parameter.ts";
import { randomStream } from "../random.ts";

/**
 * Start values of a parameter, a pure function of seed, network and name.
 *
 * @param network As in the reference, the teacher's backbone starts as a copy of the student's and
 * its heads start different; a layer on top of the backbone counts as part of it.
 */
export function initialValues(
  { name, shape, init }: Parameter,
  seed: number,
  network: "student" | "teacher",
): Float32Array {
  const values = new Float32Array(elementCount(shape));
  const owner = /^(backbone|embed)\./.test(name) ? "student" : network;
  const stream = randomStream(seed, `init ${owner}.${name}`);
  switch (init.kind) {
    case "constant":
      return values.fill(init.value);
    case "normal":
      stream.fillNormal(values, init.std);
      return values;
    case "truncatedNormal":
      stream.fillTruncatedNormal(values, init.std);
      return values;
    case "uniform":
      stream.fillUniform(values, -init.bound, init.bound);
      return values;
  }
}

/** Start values of all members of a buffer of one network, flat as the buffer is. */
export function initialBuffer(
  { members, values }: ValueBuffers,
  seed: number,
  network: "student" | "teacher",
): Float32Array {
  const flat = new Float32Array(elementCount(values.shape));
  for (const { parameter, offset } of members) {
    flat.set(initialValues(parameter, seed, network), offset);
  }
  return flat;
}
