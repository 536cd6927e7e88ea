import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { Linear } from "../layers/linear.ts";
import type { Parameter, ParameterSet } from "../layers/parameter.ts";
import { l2Normalize, l2NormalizeBackward } from "../ops/l2_normalize.ts";
import { linear, linearGelu } from "../ops/linear.ts";
import { weightNorm, weightNormBackward } from "../ops/weight_norm.ts";

/** Widths of a projection head. */
export interface HeadConfig {
  inDim: number;
  hiddenDim: number;
  bottleneckDim: number;
  /** K, the prototypes. */
  outputDim: number;
}

/** What {@linkcode DinoHead.forward} keeps for its backward pass. */
export interface HeadSaved {
  x: Tensor; // [rows, inDim]
  first: { pre: Tensor; y: Tensor }; // [rows, hiddenDim]
  second: { pre: Tensor; y: Tensor };
  features: Tensor; // [rows, bottleneckDim], of length 1
  norms: Tensor; // [rows]
}

/** The prototype matrix `g · v / ‖v‖`, and what its backward needs. */
export interface Prototypes {
  weight: Tensor; // [K, bottleneckDim]
  norms: Tensor; // [K]
}

/**
 * DINO's projection head: three linear layers, L2 normalisation, weight-normed prototypes.
 *
 * It stops before the logits, which are never kept: the losses make them chunk by chunk from
 * `features` and {@linkcode prototypes}.
 */
export class DinoHead {
  readonly mlp: readonly [Linear, Linear, Linear];
  readonly weightG: Parameter;
  readonly weightV: Parameter;

  constructor(readonly config: HeadConfig, set: ParameterSet) {
    const { inDim, hiddenDim, bottleneckDim, outputDim } = config;
    this.mlp = [
      new Linear(set, "mlp.0", inDim, hiddenDim),
      new Linear(set, "mlp.2", hiddenDim, hiddenDim),
      new Linear(set, "mlp.4", hiddenDim, bottleneckDim),
    ];
    this.weightG = set.declare("last_layer.weight_g", [outputDim, 1], {
      kind: "constant",
      value: 1,
    });
    // A linear layer's default initialisation, which DINOv2 leaves as it is.
    this.weightV = set.declare("last_layer.weight_v", [outputDim, bottleneckDim], {
      kind: "uniform",
      bound: 1 / Math.sqrt(bottleneckDim),
    });
  }

  /** Unit features `[rows, bottleneckDim]` of tokens `[rows, inDim]`. */
  forward(gpu: Recorder, x: Tensor): HeadSaved {
    const [in_, middle, out] = this.mlp;
    const first = linearGelu(gpu, x, in_.weight.working, in_.bias.value);
    const second = linearGelu(gpu, first.y, middle.weight.working, middle.bias.value);
    const bottleneck = linear(gpu, second.y, out.weight.working, out.bias.value);
    const { y: features, norms } = l2Normalize(gpu, bottleneck);
    return { x, first, second, features, norms };
  }

  /** Adds to the gradients of the three linear layers; returns dx `[rows, inDim]`. */
  backward(gpu: Recorder, dFeatures: Tensor, saved: HeadSaved): Tensor {
    const { x, first, second, features, norms } = saved;
    const [in_, middle, out] = this.mlp;
    const dBottleneck = l2NormalizeBackward(gpu, dFeatures, features, norms);
    const dSecond = out.backward(gpu, dBottleneck, second.y, { pre: second.pre });
    const dFirst = middle.backward(gpu, dSecond, first.y, { pre: first.pre });
    return in_.backward(gpu, dFirst, x);
  }

  /** The prototype matrix. */
  prototypes(gpu: Recorder): Prototypes {
    return weightNorm(gpu, this.weightV.value, this.weightG.value);
  }

  /** Adds to the gradients of `weight_g` and `weight_v`. */
  prototypesBackward(gpu: Recorder, dWeight: Tensor, { norms }: Prototypes): void {
    weightNormBackward(gpu, dWeight, this.weightV.value, this.weightG.value, norms, {
      v: this.weightV.grad,
      g: this.weightG.grad,
    });
  }
}
