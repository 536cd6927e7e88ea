import type { BlockSettings } from "./block_work.ts";
import type { JaxArray, JaxJs, Named } from "./deps/jax_js.ts";
import type { Task } from "./work.ts";

/** A work as a function that can be compiled: from inputs to results, by name. */
export function jaxWork(jax: JaxJs, { kind, settings }: Task): (inputs: Named) => Named {
  switch (kind) {
    case "matmul":
      return ({ a, b }) => ({ y: jax.numpy.matmul(a, b) });
    case "attention":
      return ({ q, k, v, dOut }) => {
        const [out, pull] = jax.vjp(jax.nn.dotProductAttention, [q, k, v]);
        const [dq, dk, dv] = pull(dOut);
        return { out, dq, dk, dv };
      };
    case "layer_norm":
      return ({ dy, ...inputs }) => {
        const normed = ({ x, gamma, beta }: Named) => layerNorm(jax, x, gamma, beta, settings.eps);
        const [y, pull] = jax.vjp(normed, [inputs]);
        const [{ x, gamma, beta }] = pull(dy);
        return { y, dx: x, dGamma: gamma, dBeta: beta };
      };
    case "block":
      return ({ dy, ...inputs }) => {
        const [y, pull] = jax.vjp((named: Named) => block(jax, named, settings), [inputs]);
        const [{ x, ...gradients }] = pull(dy);
        const named = Object.entries(gradients).map(([name, value]) => [`d.${name}`, value]);
        return { y, dx: x, ...Object.fromEntries(named) };
      };
    default:
      throw new Error(`no ${kind} is written for it`);
  }
}

function layerNorm(
  { numpy: np }: JaxJs,
  x: JaxArray,
  gamma: JaxArray,
  beta: JaxArray,
  eps: number,
): JaxArray {
  const centered = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), -1, { keepdims: true });
  return centered.div(np.sqrt(variance.add(eps))).mul(gamma).add(beta);
}

/** One pre-norm transformer block with layer scale, over tokens `[batch · tokens, embedDim]`. */
function block(
  jax: JaxJs,
  { x, ...named }: Named,
  { batch, tokens, embedDim, numHeads, layerNormEps: eps }: BlockSettings,
): JaxArray {
  const { numpy: np, nn } = jax;
  const at = (name: string) => [named[`${name}.weight`], named[`${name}.bias`]] as const;
  const norm = (y: JaxArray, name: string) => layerNorm(jax, y, ...at(name), eps);
  const linear = (y: JaxArray, name: string) => {
    const [weight, bias] = at(name);
    return np.matmul(y, weight.transpose()).add(bias);
  };
  const qkv = linear(norm(x.ref, "norm1"), "attn.qkv")
    .reshape([batch, tokens, 3, numHeads, embedDim / numHeads]);
  const [q, k, v] = [qkv.ref, qkv.ref, qkv].map((each, i) => each.slice([], [], i));
  const attended = nn.dotProductAttention(q, k, v).reshape([batch * tokens, embedDim]);
  const middle = x.add(linear(attended, "attn.proj").mul(named["ls1.gamma"]));
  const hidden = nn.gelu(linear(norm(middle.ref, "norm2"), "mlp.fc1"), { approximate: false });
  return middle.add(linear(hidden, "mlp.fc2").mul(named["ls2.gamma"]));
}
