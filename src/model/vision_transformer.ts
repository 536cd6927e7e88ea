import type { ModelConfig } from "../config/model_config.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { elementCount, type Tensor, view } from "../gpu/tensor.ts";
import { Block, type BlockSaved, type DropPath } from "../layers/block.ts";
import { LayerNorm, type LayerNormSaved } from "../layers/layer_norm.ts";
import { INIT_STD } from "../layers/linear.ts";
import type { Parameter, ParameterSet } from "../layers/parameter.ts";
import { addInto } from "../ops/add.ts";
import { matmul } from "../ops/matmul.ts";
import { patchEmbed, patchEmbedBackward } from "../ops/patch_embed.ts";
import { assembleTokens, assembleTokensBackward } from "../ops/tokens.ts";
import type { CropGroup, Packing } from "./crops.ts";

/** What {@linkcode VisionTransformer.forward} keeps for its backward pass. */
export interface BackboneSaved {
  packing: Packing;
  /** Which patches of the global crops the mask token replaced; u32 `[2·B·N]`. */
  masks: Tensor | null;
  dropPath: ForwardOptions["dropPath"];
  segments: SegmentSaved[];
  norm: LayerNormSaved;
}

/** Some blocks in a row. */
interface SegmentSaved {
  /** Index of the first. */
  first: number;
  x: Tensor; // [T, D], what goes into it
  /** What each block keeps; null: they are run again from `x` when the way back comes to them. */
  blocks: BlockSaved[] | null;
}

/** How a forward pass is run. */
export interface ForwardOptions {
  /** 1 where the mask token stands in for a patch of a global crop; u32 `[2·B·N]`. */
  masks: Tensor | null;
  /** Drop path of each block, of its two branches; null: nothing is dropped. */
  dropPath: readonly (readonly [DropPath, DropPath] | null)[] | null;
  /** Whether a backward pass will follow. */
  keep: boolean;
  /** Blocks of which only the input is kept for the backward pass; null: everything is kept. */
  recomputeBlocks?: number | null;
}

/**
 * DINOv2's vision transformer over packed crops. Parameters carry the official state-dict names.
 */
export class VisionTransformer {
  readonly clsToken: Parameter;
  readonly posEmbed: Parameter;
  readonly registerTokens: Parameter | null;
  readonly maskToken: Parameter;
  readonly patchEmbedWeight: Parameter;
  readonly patchEmbedBias: Parameter;
  readonly blocks: Block[];
  readonly norm: LayerNorm;

  constructor(readonly config: ModelConfig, set: ParameterSet) {
    const { embedDim: dim, patchSize, inChans, numRegisterTokens, imgSize } = config;
    const stored = (imgSize / patchSize) ** 2;
    this.clsToken = set.declare("cls_token", [1, 1, dim], { kind: "normal", std: 1e-6 });
    this.posEmbed = set.declare("pos_embed", [1, 1 + stored, dim], {
      kind: "truncatedNormal",
      std: INIT_STD,
    });
    this.registerTokens = numRegisterTokens === 0 ? null : set.declare(
      "register_tokens",
      [1, numRegisterTokens, dim],
      { kind: "normal", std: 1e-6 },
    );
    this.maskToken = set.declare("mask_token", [1, dim], { kind: "constant", value: 0 });
    // A convolution's default initialisation, which DINOv2 leaves as it is.
    const init = { kind: "uniform", bound: 1 / Math.sqrt(inChans * patchSize ** 2) } as const;
    const shape = [dim, inChans, patchSize, patchSize];
    this.patchEmbedWeight = set.declare("patch_embed.proj.weight", shape, init, {
      multiplies: true,
    });
    this.patchEmbedBias = set.declare("patch_embed.proj.bias", [dim], init);
    this.blocks = Array.from({ length: config.depth }, (_, i) => new Block(set, i, config));
    this.norm = new LayerNorm(set, "norm", dim, config.layerNormEps);
  }

  /** Packed tokens `[T, D]` after the final norm. */
  forward(gpu: Recorder, packing: Packing, options: ForwardOptions): [Tensor, BackboneSaved] {
    const { masks, dropPath, keep, recomputeBlocks = null } = options;
    let x = this.#embedAll(gpu, packing, masks);
    const segments: SegmentSaved[] = [];
    const length = recomputeBlocks ?? this.blocks.length;
    for (let first = 0; first < this.blocks.length; first += length) {
      const keeps = keep && recomputeBlocks === null;
      const [y, blocks] = this.#runBlocks(gpu, x, first, length, packing, dropPath, keeps);
      segments.push({ first, x, blocks: recomputeBlocks === null ? blocks : null });
      x = y;
    }
    const [tokens, norm] = this.norm.forward(gpu, x);
    return [tokens, { packing, masks, dropPath, segments, norm }];
  }

  /**
   * Packed tokens `[T, D]` that leave some blocks, before the final norm, without a way back; no
   * block after the last of them runs.
   *
   * @param blocks Their places, ascending.
   */
  intermediateLayers(gpu: Recorder, packing: Packing, blocks: readonly number[]): Tensor[] {
    let x = this.#embedAll(gpu, packing, null);
    let next = 0;
    return blocks.map((block) => {
      [x] = this.#runBlocks(gpu, x, next, block + 1 - next, packing, null, false);
      next = block + 1;
      return x;
    });
  }

  /** What class tokens attend to in one block, into `into` `[crops, numHeads, tokens of a crop]`. */
  classAttention(gpu: Recorder, packing: Packing, block: number, into: Tensor): void {
    const x = this.#embedAll(gpu, packing, null);
    const [input] = this.#runBlocks(gpu, x, 0, block, packing, null, false);
    this.blocks[block].classAttention(gpu, input, into);
  }

  #runBlocks(
    gpu: Recorder,
    input: Tensor,
    first: number,
    length: number,
    { sequences }: Packing,
    dropPath: ForwardOptions["dropPath"],
    keep: boolean,
  ): [y: Tensor, saved: BlockSaved[]] {
    let x = input;
    const saved = this.blocks.slice(first, first + length).map((block, i) => {
      const context = { sequences, dropPath: dropPath?.[first + i] ?? null, keep };
      const [y, kept] = block.forward(gpu, x, context);
      x = y;
      return kept;
    });
    return [x, saved];
  }

  /** Adds to the gradients of all parameters, from d(tokens) `[T, D]`. */
  backward(gpu: Recorder, dTokens: Tensor, saved: BackboneSaved): void {
    const { packing, dropPath } = saved;
    let dx = this.norm.backward(gpu, dTokens, saved.norm);
    for (const { first, x, blocks } of saved.segments.toReversed()) {
      const length = saved.segments[1]?.first ?? this.blocks.length;
      const kept = blocks ?? this.#runBlocks(gpu, x, first, length, packing, dropPath, true)[1];
      for (const [i, each] of [...kept.entries()].reverse()) {
        dx = this.blocks[first + i].backward(gpu, dx, each);
      }
    }
    for (const group of packing.groups) {
      this.#embedBackward(gpu, group, group.name === "global" ? saved.masks : null, dx);
    }
  }

  /** What goes into the first block, `[T, D]`. */
  #embedAll(gpu: Recorder, packing: Packing, masks: Tensor | null): Tensor {
    const x = gpu.empty([packing.sequences.totalTokens, this.config.embedDim], "tokens");
    for (const group of packing.groups) {
      this.#embed(gpu, group, group.name === "global" ? masks : null, x);
    }
    return x;
  }

  /** Patches, mask tokens, class token, registers and positions of one group, into `tokens`. */
  #embed(gpu: Recorder, group: CropGroup, masks: Tensor | null, tokens: Tensor): void {
    const [weight, bias] = [this.patchEmbedWeight.working, this.patchEmbedBias.value];
    const { patchSize } = this.config;
    assembleTokens(gpu, {
      patches: patchEmbed(gpu, group.images, weight, bias, { patchSize }), // [crops·N, D]
      clsToken: this.clsToken.value,
      registers: this.registerTokens?.value ?? null,
      maskToken: masks && this.maskToken.value,
      pos: this.#positions(gpu, group),
      masks,
      crops: group.crops,
      into: tokens,
      firstToken: group.firstToken,
    });
  }

  #embedBackward(gpu: Recorder, group: CropGroup, masks: Tensor | null, dx: Tensor): void {
    const { crops, patches, firstToken, interpolation } = group;
    const { patchSize, numRegisterTokens: registers } = this.config;
    const { dPatches, dPos } = assembleTokensBackward(
      gpu,
      { dx, firstToken, crops, patches, registers, masks },
      {
        clsToken: this.clsToken.grad,
        registers: this.registerTokens?.grad ?? null,
        maskToken: masks && this.maskToken.grad,
      },
    );
    const weight = this.patchEmbedWeight.grad;
    const bias = this.patchEmbedBias.grad;
    patchEmbedBackward(gpu, dPatches, group.images, { weight, bias }, { patchSize });
    // dPos is over this group's grid: back through the interpolation to the stored one.
    const dim = this.config.embedDim;
    const grad = flat(this.posEmbed.grad, dim); // [1 + stored, D]
    if (interpolation) {
      matmul(gpu, interpolation, dPos, { transposeA: true, add: grad, label: "pos_embed.grad" });
    } else addInto(gpu, dPos, grad);
  }

  /** Positions of a group's tokens, `[1 + N, D]`; entry 0 is the class token's. */
  #positions(gpu: Recorder, { interpolation }: CropGroup): Tensor {
    const stored = flat(this.posEmbed.value, this.config.embedDim);
    return interpolation ? matmul(gpu, interpolation, stored, { label: "pos_embed" }) : stored;
  }
}

/** A parameter `[1, n, D]` as a matrix `[n, D]`. */
function flat(tensor: Tensor, dim: number): Tensor {
  return view(tensor, [elementCount(tensor.shape) / dim, dim]);
}
