import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { attention, attentionBackward } from "../ops/attention.ts";
import { classAttention } from "../ops/class_attention.ts";
import { linear } from "../ops/linear.ts";
import type { RowSubset } from "../ops/row_subset.ts";
import type { Sequences } from "../ops/sequences.ts";
import { Linear } from "./linear.ts";
import type { ParameterSet } from "./parameter.ts";
import { ResidualLinear, type ResidualSaved } from "./residual.ts";

/** What {@linkcode SelfAttention.forward} keeps for its backward pass. */
export interface SelfAttentionSaved {
  sequences: Sequences;
  x: Tensor; // [rows, D]
  qkv: Tensor; // [rows, 3D]
  out: Tensor; // [rows, D]
  lse: Tensor; // [rows, H]
  proj: ResidualSaved;
}

/** The attention branch of a block, with its residual: each sequence attends to itself only. */
export class SelfAttention {
  readonly numHeads: number;
  readonly qkv: Linear;
  readonly proj: ResidualLinear;

  constructor(set: ParameterSet, name: string, config: ModelConfig) {
    const { embedDim: dim, layerScaleInit } = config;
    this.numHeads = config.numHeads;
    this.qkv = new Linear(set, `${name}.attn.qkv`, dim, 3 * dim);
    const names = { linear: `${name}.attn.proj`, gamma: `${name}.ls1.gamma` };
    this.proj = new ResidualLinear(set, names, { inDim: dim, dim, layerScaleInit });
  }

  /**
   * @param x `[rows, D]`, a row for each of `residual` `[T, D]` that the subset has.
   * @param sequences Of the rows.
   */
  forward(
    gpu: Recorder,
    x: Tensor,
    residual: Tensor,
    sequences: Sequences,
    options: { subset: RowSubset | null; keep: boolean },
  ): [y: Tensor, saved: SelfAttentionSaved] {
    const qkv = linear(gpu, x, this.qkv.weight.working, this.qkv.bias.value); // [rows, 3D]
    const { out, lse } = attention(gpu, qkv, sequences, this.numHeads); // [rows, D]
    const [y, proj] = this.proj.forward(gpu, out, residual, options);
    return [y, { sequences, x, qkv, out, lse, proj }];
  }

  /** What the first token of each sequence attends to, into `into` `[S, numHeads, N]`. */
  classAttention(gpu: Recorder, x: Tensor, into: Tensor): void {
    const qkv = linear(gpu, x, this.qkv.weight.working, this.qkv.bias.value); // [T, 3D]
    const [sequences] = into.shape;
    classAttention(gpu, qkv, { sequences, numHeads: this.numHeads, into });
  }

  /** Adds to the gradients; returns dx of the branch. */
  backward(gpu: Recorder, dy: Tensor, saved: SelfAttentionSaved): Tensor {
    const { sequences, x, qkv, out, lse, proj } = saved;
    const dOut = this.proj.backward(gpu, dy, proj);
    const dQkv = attentionBackward(gpu, dOut, { qkv, out, lse }, sequences, this.numHeads);
    return this.qkv.backward(gpu, dQkv, x);
  }
}
