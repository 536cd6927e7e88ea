import type { DINOv2Args } from "../config/method_args.ts";

/** How the optimizer treats one parameter. */
export interface ParamGroup {
  /** Factor on the scaled learning rate. */
  lrScale: number;
  /** Whether weight decay applies. */
  decays: boolean;
  /** Which freeze window applies, see {@linkcode isFrozen}. */
  kind: "backbone" | "head" | "last_layer";
}

/** The settings that decide a parameter's group. */
export type ParamGroupArgs = Pick<DINOv2Args, "layerwise_decay" | "patch_embed_lr_multiplier">;

/**
 * The group of the student parameter called `name`.
 *
 * @example
 * ```ts
 * import { paramGroup } from "./param_groups.ts";
 *
 * const args = { layerwise_decay: 0.9, patch_embed_lr_multiplier: 0.2 };
 * console.log(paramGroup("dino_head.last_layer.weight_g", 12, args));
 * // { lrScale: 1, decays: true, kind: "last_layer" }
 * ```
 *
 * A layer between backbone and heads counts as part of the heads.
 *
 * @param name Such as `backbone.blocks.0.attn.qkv.weight`; a backbone's own name will do as well.
 * @param depth Blocks of the backbone.
 */
export function paramGroup(name: string, depth: number, args: ParamGroupArgs): ParamGroup {
  const decays = !name.endsWith(".bias") && !name.includes("norm") && !name.includes("gamma");
  if (/^(dino_head|ibot_head|embed)\./.test(name)) {
    return { lrScale: 1, decays, kind: name.includes("last_layer") ? "last_layer" : "head" };
  }
  const backboneName = name.replace(/^backbone\./, "");
  const decay = args.layerwise_decay ** (depth + 1 - layerOf(backboneName, depth));
  const multiplier = backboneName.startsWith("patch_embed.") ? args.patch_embed_lr_multiplier : 1;
  return { lrScale: decay * multiplier, decays, kind: "backbone" };
}

/** Layer 0 is what makes the tokens, `i + 1` is block `i`, `depth + 1` is the final norm. */
function layerOf(backboneName: string, depth: number): number {
  const block = /^blocks\.(\d+)\./.exec(backboneName);
  if (block !== null) return Number(block[1]) + 1;
  return backboneName.startsWith("norm.") ? depth + 1 : 0;
}

/** The settings of the freeze windows. */
export type FreezeArgs = Pick<
  DINOv2Args,
  "student_freeze_last_layer_steps" | "student_freeze_backbone_steps"
>;

/** Whether parameters of `kind` keep their value in step `step`; their moments go on. */
export function isFrozen(kind: ParamGroup["kind"], step: number, args: FreezeArgs): boolean {
  switch (kind) {
    case "last_layer":
      return step < args.student_freeze_last_layer_steps;
    case "backbone":
      return step < args.student_freeze_backbone_steps;
    case "head":
      return false;
  }
}
