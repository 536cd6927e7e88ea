import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { linearBackwardInput, linearBackwardParams } from "../ops/linear.ts";
import type { Parameter, ParameterSet } from "./parameter.ts";

/** Standard deviation that DINOv2 starts its linear layers and positions with. */
export const INIT_STD = 0.02;

/** Weight `[out, in]` and bias `[out]` of `y = x Wᵀ + b`; the ops differ by what is fused. */
export class Linear {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(set: ParameterSet, name: string, inDim: number, outDim: number) {
    const init = { kind: "truncatedNormal", std: INIT_STD } as const;
    this.weight = set.declare(`${name}.weight`, [outDim, inDim], init, { multiplies: true });
    this.bias = set.declare(`${name}.bias`, [outDim], { kind: "constant", value: 0 });
  }

  /**
   * Adds to the gradients and returns dx `[rows, in]`.
   *
   * @param options `pre`: the input before its GELU, where x is `gelu(pre)`: then d(pre) is
   * returned. `biasDone`: the bias has its gradient already.
   */
  backward(
    gpu: Recorder,
    dy: Tensor,
    x: Tensor,
    { pre, biasDone = false }: { pre?: Tensor; biasDone?: boolean } = {},
  ): Tensor {
    const bias = biasDone ? null : this.bias.grad;
    linearBackwardParams(gpu, dy, x, { weight: this.weight.grad, bias });
    return linearBackwardInput(gpu, dy, this.weight.working, { pre });
  }
}
