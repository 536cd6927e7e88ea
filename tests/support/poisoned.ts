import { chooseBuiltIn } from "../../src/gpu/choice.ts";
import type { AdapterFacts } from "../../src/gpu/device.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { elementCount } from "../../src/gpu/tensor.ts";

/**
 * The device under other facts, handing out memory full of NaN: a plan reuses memory, so whoever
 * reads what nobody wrote must fail here.
 */
export function poisoned(gpu: Gpu, facts: Partial<AdapterFacts> = {}): Recorder {
  return {
    adapter: { ...gpu.adapter, ...facts },
    elem: gpu.elem,
    empty(shape, label, dtype = gpu.elem) {
      const tensor = gpu.empty(shape, label, dtype);
      const count = elementCount(shape);
      const nan = dtype === "u32"
        ? new Uint32Array(count).fill(0x7fc0_0000)
        : new Float32Array(count).fill(NaN);
      if (count > 0) gpu.write(tensor, nan);
      return tensor;
    },
    keep: (kind, shape, label, dtype) => gpu.keep(kind, shape, label, dtype),
    constant: (data, shape, label) => gpu.constant(data, shape, label),
    run: (dispatch) => gpu.run(dispatch),
    choose: chooseBuiltIn,
  };
}

/**
 * A poisoned recorder for each way that ops can take: that of software adapters, and each of the
 * first variants for GPUs, with subgroups and without.
 */
export function everyWay(gpu: Gpu, places = 4): [name: string, recorder: Recorder][] {
  const hardware = { kernels: "gpu" } as const;
  return [
    ["kernels=cpu", poisoned(gpu, { kernels: "cpu" })],
    ["kernels=gpu, no subgroups", poisoned(gpu, { ...hardware, subgroupSize: 0 })],
    ...Array.from({ length: places }, (_, place): [string, Recorder] => [
      `kernels=gpu, variant ${place}`,
      {
        ...poisoned(gpu, hardware),
        choose(choice) {
          choice.record(this, choice.variants[Math.min(place, choice.variants.length - 1)]);
        },
      },
    ]),
  ];
}

/** The same recorder, which takes the first variant with this in its name wherever there is one. */
export function preferring(gpu: Recorder, part: string): Recorder {
  return {
    ...gpu,
    choose(choice) {
      const variant = choice.variants.find(({ name }) => name.includes(part));
      choice.record(this, variant ?? choice.variants[0]);
    },
  };
}
