import { ConfigError } from "./config_error.ts";
import type { ModelArgs } from "./model_args.ts";
import { ffnHiddenDim, type ModelConfig } from "./model_config.ts";
import { nearestName } from "./nearest_name.ts";

interface Preset {
  imgSize: number;
  patchSize: number;
  embedDim: number;
  depth: number;
  numHeads: number;
  ffnLayer: ModelConfig["ffnLayer"];
  dropPathRate: number;
  /** Published weights exist: the bare name means them, and they have 4 register tokens. */
  published: boolean;
}

/**
 * The published family stores a 37 x 37 position grid (518 / 14), which views of other sizes
 * resample; models without published weights store the grid of a 224-pixel view. Drop path is
 * what DINOv2 trains with; `vittest` has none, so that a few steps on a CPU already show learning.
 */
const PRESETS: Record<string, Preset> = {
  vits14: preset(518, 14, 384, 12, 6, { published: true }),
  vitb14: preset(518, 14, 768, 12, 12, { published: true }),
  vitl14: preset(518, 14, 1024, 24, 16, { published: true }),
  vitg14: preset(518, 14, 1536, 40, 24, { published: true, ffnLayer: "swiglufused" }),
  vitl16: preset(224, 16, 1024, 24, 16),
  vitti14: preset(224, 14, 192, 12, 3),
  vittest: preset(32, 8, 64, 3, 2, { dropPathRate: 0 }),
};

function preset(
  imgSize: number,
  patchSize: number,
  embedDim: number,
  depth: number,
  numHeads: number,
  rest: Partial<Preset> = {},
): Preset {
  const defaults = { ffnLayer: "mlp", dropPathRate: 0.3, published: false } as const;
  return { imgSize, patchSize, embedDim, depth, numHeads, ...defaults, ...rest };
}

/** What may follow the name of an architecture with published weights. */
const SUFFIXES = ["", "-noreg", "-notpretrained", "-noreg-notpretrained"];

/** The model names that can be trained, without optional suffixes. */
export const MODEL_NAMES: readonly string[] = Object.keys(PRESETS).map((name) => `dinov2/${name}`);

/** All of them: published architectures without their register tokens or weights, too. */
export const ALL_MODEL_NAMES: readonly string[] = Object.entries(PRESETS)
  .flatMap(([name, { published }]) => published ? SUFFIXES.map((end) => name + end) : [name])
  .map((name) => `dinov2/${name}`);

/**
 * Resolves a model name and its overrides to a {@linkcode ModelConfig}.
 *
 * A name is `dinov2/` and a preset, then `-noreg` for a published architecture without its four
 * register tokens, then `-notpretrained` for random weights; `_` may stand for `-`. Without the
 * last, or with `-pretrained`, a published architecture is meant with its published weights, which
 * {@linkcode publishedName} tells; its shape is the same.
 *
 * @example
 * ```ts
 * import { resolveModel } from "./model_presets.ts";
 *
 * const model = resolveModel("dinov2/vits14-notpretrained", { depth: 6 });
 * console.log(model.embedDim, model.depth, model.numRegisterTokens); // 384 6 4
 * ```
 *
 * @throws {ConfigError} If the name is unknown or the overrides do not fit together.
 */
export function resolveModel(name: string, args: ModelArgs = {}): ModelConfig {
  const { preset, noRegisters } = parseName(name);
  const registers = preset.published && !noRegisters ? 4 : 0;
  const numRegisterTokens = args.num_register_tokens ?? registers;
  const embedDim = args.embed_dim ?? preset.embedDim;
  const mlpRatio = args.mlp_ratio ?? 4;
  const ffnLayer = args.ffn_layer ?? preset.ffnLayer;
  const patchSize = args.patch_size ?? preset.patchSize;
  // A preset's side follows an overridden patch size: the grid is the whole patches that fit.
  const gridSide = Math.max(1, Math.floor(preset.imgSize / patchSize));
  const model: ModelConfig = {
    name,
    imgSize: args.img_size ?? gridSide * patchSize,
    patchSize,
    inChans: args.in_chans ?? 3,
    embedDim,
    depth: args.depth ?? preset.depth,
    numHeads: args.num_heads ?? preset.numHeads,
    mlpRatio,
    ffnLayer,
    ffnHidden: ffnHiddenDim(embedDim, mlpRatio, ffnLayer),
    numRegisterTokens,
    layerScaleInit: args.init_values === undefined ? 1e-5 : args.init_values,
    dropPathRate: args.drop_path_rate ?? preset.dropPathRate,
    dropPathUniform: args.drop_path_uniform ?? true,
    // The published models with registers resample to exact sizes; those without keep the 0.1
    // that their training had.
    interpolateOffset: args.interpolate_offset ?? (numRegisterTokens > 0 ? 0 : 0.1),
    interpolateAntialias: args.interpolate_antialias ?? numRegisterTokens > 0,
    layerNormEps: 1e-6,
  };
  checkModel(model);
  return model;
}

/**
 * The published weights that a model name means, as their file calls them; undefined where it means
 * random ones.
 *
 * @example
 * ```ts
 * import { publishedName } from "./model_presets.ts";
 *
 * console.log(publishedName("dinov2/vits14"), publishedName("dinov2/vits14-noreg"));
 * // vits14_reg4 vits14
 * console.log(publishedName("dinov2/vits14-notpretrained")); // undefined
 * ```
 *
 * @param key What errors call the setting that the name is of.
 * @throws {ConfigError} If the name is unknown.
 */
export function publishedName(model: string, key = "model"): string | undefined {
  const { base, pretrained, noRegisters } = parseName(model, key);
  return pretrained ? `${base}${noRegisters ? "" : "_reg4"}` : undefined;
}

interface ParsedName {
  /** The name of the preset. */
  base: string;
  preset: Preset;
  noRegisters: boolean;
  pretrained: boolean;
}

const NAME = /^dinov2\/([a-z\d]+)((?:[-_](?:noreg|notpretrained|pretrained))*)$/;

function parseName(name: string, key = "model"): ParsedName {
  const [, base, rest] = NAME.exec(name) ?? [];
  const preset = base !== undefined && Object.hasOwn(PRESETS, base) ? PRESETS[base] : undefined;
  const suffixes = (rest ?? "").split(/[-_]/).slice(1);
  const has = (suffix: string) => suffixes.includes(suffix);
  const isTwice = suffixes.length > new Set(suffixes).size;
  if (
    base === undefined || preset === undefined || isTwice ||
    (has("pretrained") && has("notpretrained"))
  ) {
    const near = nearestName(name.replaceAll("_", "-"), ALL_MODEL_NAMES);
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    throw modelError(key, `must be one of ${MODEL_NAMES.join(", ")}, got "${name}"${hint}`);
  }
  if (has("pretrained") && !preset.published) {
    const must = "must not end in -pretrained, for there are no published weights of it";
    throw modelError(key, `${must}, got "${name}"; write dinov2/${base}`);
  }
  const pretrained = preset.published && !has("notpretrained");
  return { base, preset, noRegisters: has("noreg"), pretrained };
}

function checkModel(model: ModelConfig): void {
  const { imgSize, patchSize, embedDim, numHeads, mlpRatio, ffnHidden } = model;
  if (ffnHidden < 1) {
    throw modelError(
      "model_args.mlp_ratio",
      `must leave the feed-forward layers of embed_dim ${embedDim} a width, got ${mlpRatio}; ` +
        "raise it",
    );
  }
  if (imgSize % patchSize !== 0) {
    throw modelError(
      "model_args.img_size",
      `must be a multiple of patch_size ${patchSize}, got ${imgSize}`,
    );
  }
  if (embedDim % numHeads !== 0) {
    throw modelError(
      "model_args.embed_dim",
      `must be a multiple of num_heads ${numHeads}, got ${embedDim}`,
    );
  }
  if (embedDim / numHeads > MAX_HEAD_DIM) {
    throw modelError(
      "model_args.num_heads",
      `must be at least ${Math.ceil(embedDim / MAX_HEAD_DIM)} for embed_dim ${embedDim}, so that ` +
        `a head is at most ${MAX_HEAD_DIM} wide, got ${numHeads}`,
    );
  }
}

/** The attention kernels keep one head's row per lane. */
const MAX_HEAD_DIM = 128;

function modelError(key: string, message: string) {
  return new ConfigError([{ key, message }]);
}
