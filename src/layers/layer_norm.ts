import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { layerNorm, layerNormBackward } from "../ops/layer_norm.ts";
import type { RowSubset } from "../ops/row_subset.ts";
import type { Parameter, ParameterSet } from "./parameter.ts";

/** What {@linkcode LayerNorm.forward} keeps for its backward pass. */
export interface LayerNormSaved {
  x: Tensor; // [T, dim]
  stats: Tensor; // [rows, 2]: mean, reciprocal standard deviation
  subset?: RowSubset;
}

/** LayerNorm with a learned scale and shift. */
export class LayerNorm {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly eps: number;

  constructor(set: ParameterSet, name: string, dim: number, eps: number) {
    this.weight = set.declare(`${name}.weight`, [dim], { kind: "constant", value: 1 });
    this.bias = set.declare(`${name}.bias`, [dim], { kind: "constant", value: 0 });
    this.eps = eps;
  }

  /** Of all rows of `x`, or of a subset. */
  forward(gpu: Recorder, x: Tensor, subset?: RowSubset): [y: Tensor, saved: LayerNormSaved] {
    const { eps } = this;
    const { y, stats } = layerNorm(gpu, x, this.weight.value, this.bias.value, { eps, subset });
    return [y, { x, stats, subset }];
  }

  /**
   * Adds to the gradients; returns a fresh dx, plus `add` where a residual joins. After a subset it
   * is `add` itself, with dx in the subset's rows.
   */
  backward(gpu: Recorder, dy: Tensor, { x, stats, subset }: LayerNormSaved, add?: Tensor): Tensor {
    const grads = { gamma: this.weight.grad, beta: this.bias.grad };
    const join = { add, subset };
    return layerNormBackward(gpu, dy, x, this.weight.value, stats, grads, join);
  }
}
