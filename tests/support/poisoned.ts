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
    empty(shape, label, dtype = "f32") {
      const tensor = gpu.empty(shape, label, dtype);
      const count = elementCount(shape);
      if (count > 0) gpu.write(tensor, new Uint32Array(count).fill(0x7fc0_0000)); // NaN as f32
      return tensor;
    },
    keep: (kind, shape, label, dtype) => gpu.keep(kind, shape, label, dtype),
    constant: (data, shape, label) => gpu.constant(data, shape, label),
    run: (dispatch) => gpu.run(dispatch),
  };
}
