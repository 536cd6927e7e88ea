import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { layerScaleBackward } from "../ops/layer_scale.ts";
import { linearResidual } from "../ops/linear_residual.ts";
import type { RowSubset } from "../ops/row_subset.ts";
import { Linear } from "./linear.ts";
import type { Parameter, ParameterSet } from "./parameter.ts";

/** What {@linkcode ResidualLinear.forward} keeps for its backward pass. */
export interface ResidualSaved {
  x: Tensor; // [rows, in]
  branch: Tensor | null; // [rows, dim], before layer scale
  subset: RowSubset | null;
}

/** The linear layer that ends a branch: `residual + gamma · factor · (x Wᵀ + b)`. */
export class ResidualLinear {
  readonly linear: Linear;
  readonly gamma: Parameter | null;

  constructor(
    set: ParameterSet,
    names: { linear: string; gamma: string },
    { inDim, dim, layerScaleInit }: { inDim: number; dim: number; layerScaleInit: number | null },
  ) {
    this.linear = new Linear(set, names.linear, inDim, dim);
    this.gamma = layerScaleInit === null
      ? null
      : set.declare(names.gamma, [dim], { kind: "constant", value: layerScaleInit });
  }

  forward(
    gpu: Recorder,
    x: Tensor,
    residual: Tensor,
    { subset, keep }: { subset: RowSubset | null; keep: boolean },
  ): [y: Tensor, saved: ResidualSaved] {
    const { weight, bias } = this.linear;
    const { y, branch } = linearResidual(gpu, x, weight.working, bias.value, {
      residual,
      gamma: this.gamma?.value ?? null,
      subset,
      keepBranch: keep && this.gamma !== null,
    });
    return [y, { x, branch, subset }];
  }

  /**
   * Adds to the gradients; returns d(x) of the branch. The residual's own gradient is `dy` itself.
   *
   * @param pre The input before its GELU, where x is `gelu(pre)`: then d(pre) is returned.
   */
  backward(gpu: Recorder, dy: Tensor, saved: ResidualSaved, pre?: Tensor): Tensor {
    const { x, branch, subset } = saved;
    const { gamma, linear } = this;
    if (gamma && !branch) throw new Error(`Cannot go back through ${gamma.name}: nothing was kept`);
    const scale = gamma && branch && { gamma: gamma.value, branch, dGamma: gamma.grad };
    const dBranch = layerScaleBackward(gpu, dy, { scale, subset, dBias: linear.bias.grad });
    return linear.backward(gpu, dBranch, x, { pre, biasDone: true });
  }
}
