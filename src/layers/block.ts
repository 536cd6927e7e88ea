import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { RowSubset } from "../ops/row_subset.ts";
import type { Sequences } from "../ops/sequences.ts";
import { SelfAttention, type SelfAttentionSaved } from "./attention.ts";
import { LayerNorm, type LayerNormSaved } from "./layer_norm.ts";
import { FeedForward, type FeedForwardSaved } from "./mlp.ts";
import type { ParameterSet } from "./parameter.ts";

/** Drop path of one branch: the rows that it works on, and the sequences that these make up. */
export interface DropPath {
  readonly subset: RowSubset;
  readonly sequences: Sequences;
}

/** What a block needs beside the tokens. */
export interface BlockContext {
  sequences: Sequences;
  /** Drop path of the attention and of the feed-forward branch; null: nothing is dropped. */
  dropPath: readonly [DropPath, DropPath] | null;
  /** Whether a backward pass will follow. */
  keep: boolean;
}

/** What {@linkcode Block.forward} keeps for its backward pass. */
export interface BlockSaved {
  norm1: LayerNormSaved;
  attention: SelfAttentionSaved;
  norm2: LayerNormSaved;
  feedForward: FeedForwardSaved;
}

/** One pre-norm transformer block with layer scale and drop path. */
export class Block {
  readonly norm1: LayerNorm;
  readonly attention: SelfAttention;
  readonly norm2: LayerNorm;
  readonly feedForward: FeedForward;

  constructor(set: ParameterSet, index: number, config: ModelConfig) {
    const name = `blocks.${index}`;
    const { embedDim, layerNormEps } = config;
    this.norm1 = new LayerNorm(set, `${name}.norm1`, embedDim, layerNormEps);
    this.attention = new SelfAttention(set, name, config);
    this.norm2 = new LayerNorm(set, `${name}.norm2`, embedDim, layerNormEps);
    this.feedForward = new FeedForward(set, name, config);
  }

  forward(gpu: Recorder, x: Tensor, context: BlockContext): [y: Tensor, saved: BlockSaved] {
    const { sequences, dropPath, keep } = context;
    const [drop1, drop2] = dropPath ?? [];
    const [normed1, norm1] = this.norm1.forward(gpu, x, drop1?.subset);
    const lengths = drop1?.sequences ?? sequences;
    const [middle, attention] = this.attention.forward(gpu, normed1, x, lengths, {
      subset: drop1?.subset ?? null,
      keep,
    });
    const [normed2, norm2] = this.norm2.forward(gpu, middle, drop2?.subset);
    const [y, feedForward] = this.feedForward.forward(gpu, normed2, middle, {
      subset: drop2?.subset ?? null,
      keep,
    });
    return [y, { norm1, attention, norm2, feedForward }];
  }

  /** What class tokens attend to, into `into` `[S, numHeads, N]`; sequences are of one length. */
  classAttention(gpu: Recorder, x: Tensor, into: Tensor): void {
    this.attention.classAttention(gpu, this.norm1.forward(gpu, x)[0], into);
  }

  /** Adds to the gradients; returns dx, `[T, D]`: fresh, or `dy` itself where there is drop path. */
  backward(gpu: Recorder, dy: Tensor, saved: BlockSaved): Tensor {
    const dNormed2 = this.feedForward.backward(gpu, dy, saved.feedForward);
    const dMiddle = this.norm2.backward(gpu, dNormed2, saved.norm2, dy);
    const dNormed1 = this.attention.backward(gpu, dMiddle, saved.attention);
    return this.norm1.backward(gpu, dNormed1, saved.norm1, dMiddle);
  }
}
