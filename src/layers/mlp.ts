import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { linear, linearGelu } from "../ops/linear.ts";
import type { RowSubset } from "../ops/row_subset.ts";
import { swiglu, swigluBackward } from "../ops/swiglu.ts";
import { Linear } from "./linear.ts";
import type { ParameterSet } from "./parameter.ts";
import { ResidualLinear, type ResidualSaved } from "./residual.ts";

/** What {@linkcode FeedForward.forward} keeps for its backward pass. */
export interface FeedForwardSaved {
  x: Tensor; // [rows, D]
  pre: Tensor | null; // [rows, hidden], or [rows, 2 hidden] for SwiGLU; null: nothing was kept
  out: ResidualSaved;
}

/** The feed-forward branch of a block: a GELU MLP, or SwiGLU, with its residual. */
export class FeedForward {
  readonly kind: ModelConfig["ffnLayer"];
  readonly in: Linear;
  readonly out: ResidualLinear;

  constructor(set: ParameterSet, name: string, config: ModelConfig) {
    const { embedDim: dim, ffnHidden: hidden, layerScaleInit } = config;
    this.kind = config.ffnLayer;
    const [first, last] = this.kind === "mlp" ? ["fc1", "fc2"] : ["w12", "w3"];
    const width = this.kind === "mlp" ? hidden : 2 * hidden;
    this.in = new Linear(set, `${name}.mlp.${first}`, dim, width);
    const names = { linear: `${name}.mlp.${last}`, gamma: `${name}.ls2.gamma` };
    this.out = new ResidualLinear(set, names, { inDim: hidden, dim, layerScaleInit });
  }

  /** @param x `[rows, D]`, a row for each of `residual` `[T, D]` that the subset has. */
  forward(
    gpu: Recorder,
    x: Tensor,
    residual: Tensor,
    options: { subset: RowSubset | null; keep: boolean },
  ): [y: Tensor, saved: FeedForwardSaved] {
    const [weight, bias] = [this.in.weight.working, this.in.bias.value];
    let pre: Tensor | null, hidden: Tensor;
    if (this.kind === "mlp") {
      ({ pre, y: hidden } = linearGelu(gpu, x, weight, bias, { keepPre: options.keep }));
    } else {
      pre = linear(gpu, x, weight, bias); // [rows, 2 hidden]
      hidden = swiglu(gpu, pre);
    }
    const [y, out] = this.out.forward(gpu, hidden, residual, options);
    return [y, { x, pre, out }];
  }

  /** Adds to the gradients; returns dx of the branch. */
  backward(gpu: Recorder, dy: Tensor, { x, pre, out }: FeedForwardSaved): Tensor {
    if (!pre) throw new Error(`Cannot go back through ${this.in.weight.name}: nothing was kept`);
    const dPre = this.kind === "mlp"
      ? this.out.backward(gpu, dy, out, pre)
      : swigluBackward(gpu, this.out.backward(gpu, dy, out), pre);
    return this.in.backward(gpu, dPre, x);
  }
}
