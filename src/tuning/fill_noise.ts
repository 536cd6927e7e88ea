import { byteLength, type Tensor } from "../gpu/tensor.ts";

/** Numbers that repeat through a tensor. */
const BLOCK = 2 ** 18;

/** Fills tensors with numbers of the size of activations: what is multiplied by 0 may cost less. */
export function fillNoise(device: GPUDevice, tensors: readonly Tensor[]): void {
  const blocks = { f32: blockOf(device, noise()), f16: blockOf(device, new Float16Array(noise())) };
  const encoder = device.createCommandEncoder({ label: "noise" });
  for (const { storage: { buffer }, offsetBytes, shape, dtype } of tensors) {
    if (dtype === "u32") continue;
    const block = blocks[dtype];
    const end = offsetBytes + byteLength(shape, dtype);
    for (let at = offsetBytes; at < end; at += block.size) {
      encoder.copyBufferToBuffer(block, 0, buffer!, at, Math.min(block.size, end - at));
    }
  }
  device.queue.submit([encoder.finish()]);
  for (const block of Object.values(blocks)) block.destroy();
}

function blockOf(device: GPUDevice, data: Float32Array<ArrayBuffer> | Float16Array<ArrayBuffer>) {
  const { COPY_SRC, COPY_DST } = GPUBufferUsage;
  const size = data.byteLength;
  const block = device.createBuffer({ label: "noise", size, usage: COPY_SRC | COPY_DST });
  device.queue.writeBuffer(block, 0, data);
  return block;
}

/** From -1 to 1, always the same: a linear congruential generator is good enough here. */
function noise(): Float32Array<ArrayBuffer> {
  const values = new Float32Array(BLOCK);
  let state = 1;
  for (let i = 0; i < BLOCK; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return values;
}
