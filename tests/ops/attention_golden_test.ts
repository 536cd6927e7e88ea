import { Gpu } from "../../src/gpu/gpu.ts";
import { attention, attentionBackward } from "../../src/ops/attention.ts";
import { linear, linearBackwardInput, linearBackwardParams } from "../../src/ops/linear.ts";
import { makeSequences } from "../../src/ops/sequences.ts";
import { swiglu, swigluBackward } from "../../src/ops/swiglu.ts";
import { assertAllClose } from "../support/arrays.ts";
import { loadCase } from "../support/golden.ts";
import { poisoned } from "../support/poisoned.ts";

const golden = loadCase("unit_layers");

/** Uploads of one recorded case, and zeroed gradients under its parameters' names. */
function openCase(gpu: Gpu, name: string) {
  const upload = (tensor: string, shape = golden.shape(`${name}.${tensor}`)) =>
    gpu.upload(shape, golden.f32(`${name}.${tensor}`), tensor);
  const [batch, tokens, dim] = golden.shape(`${name}.x`);
  return {
    batch,
    tokens,
    x: upload("x", [batch * tokens, dim]),
    dy: upload("grad_y", [batch * tokens, dim]),
    weight: (layer: string) => upload(`param.${layer}.weight`),
    bias: (layer: string) => upload(`param.${layer}.bias`),
    gradients(layer: string) {
      const empty = (part: string) => {
        const shape = golden.shape(`${name}.grad.${layer}.${part}`);
        return gpu.keep("gradients", shape, `${layer}.${part}.grad`);
      };
      return { weight: empty("weight"), bias: empty("bias") };
    },
  };
}

type Tensors = Record<string, ReturnType<Gpu["empty"]>>;

async function assertRecorded(gpu: Gpu, name: string, tensors: Tensors): Promise<void> {
  for (const [tensor, value] of Object.entries(tensors)) {
    const expected = golden.f32(`${name}.${tensor}`);
    // Relative to the largest number: small ones are differences of large ones.
    const atol = 1e-5 * expected.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    assertAllClose(await gpu.download(value), expected, { atol }, `${name}.${tensor}`);
  }
}

Deno.test("attention() between its linear layers reproduces the recorded cases", async (t) => {
  using gpu = await Gpu.open();
  const recorder = poisoned(gpu);
  const names = Object.keys(golden.json.cases).filter((name) => name.startsWith("attention_"));
  for (const name of names) {
    await t.step(name, async () => {
      const heads = golden.json.cases[name].num_heads;
      const { batch, tokens, x, dy, weight, bias, gradients } = openCase(gpu, name);
      const sequences = makeSequences(gpu, new Array<number>(batch).fill(tokens));
      const [dQkvLayer, dProj] = [gradients("qkv"), gradients("proj")];
      const [qkvWeight, projWeight] = [weight("qkv"), weight("proj")];

      const qkv = linear(recorder, x, qkvWeight, bias("qkv"));
      const { out, lse } = attention(recorder, qkv, sequences, heads);
      const y = linear(recorder, out, projWeight, bias("proj"));
      const dOut = linearBackwardInput(recorder, dy, projWeight);
      linearBackwardParams(recorder, dy, out, dProj);
      const dQkv = attentionBackward(recorder, dOut, { qkv, out, lse }, sequences, heads);
      linearBackwardParams(recorder, dQkv, x, dQkvLayer);

      await assertRecorded(gpu, name, {
        y,
        grad_x: linearBackwardInput(recorder, dQkv, qkvWeight),
        "grad.qkv.weight": dQkvLayer.weight,
        "grad.qkv.bias": dQkvLayer.bias,
        "grad.proj.weight": dProj.weight,
        "grad.proj.bias": dProj.bias,
      });
    });
  }
});

Deno.test("swiglu() between its linear layers reproduces the recorded case", async () => {
  using gpu = await Gpu.open();
  const recorder = poisoned(gpu);
  const name = "swiglufused_d32_h128";
  const { x, dy, weight, bias, gradients } = openCase(gpu, name);
  const [dW12, dW3, w12, w3] = [gradients("w12"), gradients("w3"), weight("w12"), weight("w3")];

  const x12 = linear(recorder, x, w12, bias("w12"));
  const hidden = swiglu(recorder, x12);
  const y = linear(recorder, hidden, w3, bias("w3"));
  linearBackwardParams(recorder, dy, hidden, dW3);
  const dX12 = swigluBackward(recorder, linearBackwardInput(recorder, dy, w3), x12);
  linearBackwardParams(recorder, dX12, x, dW12);

  await assertRecorded(gpu, name, {
    y,
    grad_x: linearBackwardInput(recorder, dX12, w12),
    "grad.w12.weight": dW12.weight,
    "grad.w12.bias": dW12.bias,
    "grad.w3.weight": dW3.weight,
    "grad.w3.bias": dW3.bias,
  });
});
