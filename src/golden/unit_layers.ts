import type { ModelConfig } from "../config/model_config.ts";
import { resolveModel } from "../config/model_presets.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { SelfAttention } from "../layers/attention.ts";
import { LayerNorm } from "../layers/layer_norm.ts";
import { FeedForward } from "../layers/mlp.ts";
import { posInterpolation } from "../pos_interpolation.ts";
import { DinoHead } from "../model/dino_head.ts";
import { layerScaleBackward } from "../ops/layer_scale.ts";
import { linearBackwardInput, linearGelu } from "../ops/linear.ts";
import { linearResidual } from "../ops/linear_residual.ts";
import { matmul } from "../ops/matmul.ts";
import { makeSequences } from "../ops/sequences.ts";
import type { UnitCase, UnitReplay } from "./unit_case.ts";
import { replayPatchEmbed } from "./unit_patch_embed.ts";

/** Replays of `unit_layers`, by kind: forward, then backward from the recorded `grad_y`. */
export const UNIT_LAYERS: Record<string, UnitReplay> = {
  attention: replayAttention,
  layernorm: replayLayerNorm,
  layerscale: replayLayerScale,
  mlp: (unit) => replayFeedForward(unit, "mlp"),
  swiglufused: (unit) => replayFeedForward(unit, "swiglufused"),
  gelu: replayGelu,
  patch_embed: replayPatchEmbed,
  head: replayHead,
  pos_embed: replayPosEmbed,
};

/** The residual of a branch is zero here: what is left is the branch itself. */
const PLAIN = { subset: null, keep: true };

async function replayAttention(unit: UnitCase): Promise<void> {
  const { gpu } = unit;
  const [batch, tokens, embedDim] = unit.shape("x");
  const config = modelOf({ embedDim, numHeads: unit.settings.num_heads });
  const { layer, checkGradients } = unit.layer(
    (set) => new SelfAttention(set, "", config),
    ".attn.",
  );
  const sequences = makeSequences(gpu, new Array<number>(batch).fill(tokens));
  const x = unit.uploadRows("x");
  const residual = unit.zeros(x.shape, "residual", gpu.elem);
  const [y, saved] = layer.forward(gpu, x, residual, sequences, PLAIN);
  await unit.check("y", y, "activation");
  const dx = layer.backward(gpu, unit.uploadRows("grad_y"), saved);
  await unit.check("grad_x", dx, "gradient");
  await checkGradients();
}

async function replayLayerNorm(unit: UnitCase): Promise<void> {
  const { gpu, settings } = unit;
  const x = unit.uploadRows("x");
  const make = unit.layer((set) => new LayerNorm(set, "", x.shape[1], settings.eps), ".");
  const [y, saved] = make.layer.forward(gpu, x);
  await unit.check("y", y, "activation");
  const dx = make.layer.backward(gpu, unit.uploadRows("grad_y"), saved);
  await unit.check("grad_x", dx, "gradient");
  await make.checkGradients();
}

/** Layer scale is fused with the linear layer before it: here that one is the identity. */
async function replayLayerScale(unit: UnitCase): Promise<void> {
  const { gpu } = unit;
  const x = unit.uploadRows("x");
  const [rows, dim] = x.shape;
  const gamma = unit.upload("param.gamma", [dim], "f32");
  const dGamma = unit.zeros([dim], "gamma.grad");
  const { y, branch } = linearResidual(gpu, x, identity(unit, dim), null, {
    residual: unit.zeros([rows, dim], "residual", gpu.elem),
    gamma,
    subset: null,
    keepBranch: true,
  });
  await unit.check("y", y, "activation");
  const dy = unit.uploadRows("grad_y");
  const scale = { gamma, branch: branch!, dGamma };
  const dBias = unit.zeros([dim], "bias.grad");
  const dx = layerScaleBackward(gpu, dy, { scale, subset: null, dBias });
  await unit.check("grad_x", dx, "gradient");
  await unit.check("grad.gamma", dGamma, "gradient");
}

async function replayFeedForward(unit: UnitCase, ffnLayer: ModelConfig["ffnLayer"]) {
  const { gpu } = unit;
  const x = unit.uploadRows("x");
  const embedDim = x.shape[1];
  const ffnHidden = unit.shape(`param.${ffnLayer === "mlp" ? "fc2" : "w3"}.weight`)[1];
  const config = modelOf({ embedDim, ffnLayer, ffnHidden });
  const { layer, checkGradients } = unit.layer((set) => new FeedForward(set, "", config), ".mlp.");
  const [y, saved] = layer.forward(gpu, x, unit.zeros(x.shape, "residual", gpu.elem), PLAIN);
  await unit.check("y", y, "activation");
  const dx = layer.backward(gpu, unit.uploadRows("grad_y"), saved);
  await unit.check("grad_x", dx, "gradient");
  await checkGradients();
}

/** GELU is fused with the linear layer before it: here that one is the number 1. */
async function replayGelu(unit: UnitCase): Promise<void> {
  const { gpu } = unit;
  const column = [unit.f32("x").length, 1];
  const one = identity(unit, 1);
  const { pre, y } = linearGelu(gpu, unit.upload("x", column), one, null);
  await unit.check("y", y, "activation");
  const dx = linearBackwardInput(gpu, unit.upload("grad_y", column), one, { pre });
  await unit.check("grad_x", dx, "gradient");
}

async function replayHead(unit: UnitCase): Promise<void> {
  const { gpu } = unit;
  const x = unit.uploadRows("x");
  const [outputDim, bottleneckDim] = unit.shape("param.last_layer.weight_v");
  const [hiddenDim, inDim] = unit.shape("param.mlp.0.weight");
  const config = { inDim, hiddenDim, bottleneckDim, outputDim };
  const { layer, checkGradients } = unit.layer((set) => new DinoHead(config, set));
  const saved = layer.forward(gpu, x);
  const prototypes = layer.prototypes(gpu);
  const { features } = saved;
  const y = matmul(gpu, features, prototypes.weight, { transposeB: true });
  await unit.check("y", y, "activation");
  const dy = unit.uploadRows("grad_y");
  const dx = layer.backward(gpu, matmul(gpu, dy, prototypes.weight), saved);
  const add = unit.zeros(prototypes.weight.shape, "dPrototypes");
  layer.prototypesBackward(gpu, matmul(gpu, dy, features, { transposeA: true, add }), prototypes);
  await unit.check("grad_x", dx, "gradient");
  await checkGradients();
}

async function replayPosEmbed(unit: UnitCase): Promise<void> {
  const { gpu, settings: { from_grid: from, to_grid: to, offset, antialias } } = unit;
  const stored = unit.uploadRows("pos_embed", "f32");
  const dy = unit.uploadRows("grad_y", "f32");
  const matrix = posInterpolation({ from, to, offset, antialias });
  let [y, dStored] = [stored, dy];
  if (matrix) {
    const map = gpu.upload([dy.shape[0], stored.shape[0]], matrix, "interpolation");
    [y, dStored] = [matmul(gpu, map, stored), matmul(gpu, map, dy, { transposeA: true })];
  }
  await unit.check("y", y, "activation");
  await unit.check("grad_pos_embed", dStored, "gradient");
}

/** A model of these sizes without layer scale; what a single layer does not read stays as it is. */
function modelOf(sizes: Partial<ModelConfig>): ModelConfig {
  return { ...resolveModel("dinov2/vittest"), ...sizes, layerScaleInit: null };
}

function identity({ gpu }: UnitCase, dim: number): Tensor {
  const values = new Float32Array(dim * dim);
  for (let i = 0; i < dim; i++) values[i * dim + i] = 1;
  return gpu.upload([dim, dim], values, "identity", gpu.elem);
}
