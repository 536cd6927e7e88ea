import type { z } from "../deps/zod.ts";
import { ConfigError, type ConfigProblem } from "./config_error.ts";
import { describeIssue, valueAt } from "./describe_issue.ts";
import type { ModelConfig } from "./model_config.ts";
import { monitorProblems } from "./monitor_problems.ts";
import { publishedName, resolveModel } from "./model_presets.ts";
import { withPreset } from "./run_presets.ts";
import { type ParsedConfig, TrainConfig, type TrainOptions } from "./train_config.ts";
import { channelProblems, withChannels } from "./view_channels.ts";

/**
 * Checks a configuration and fills in every default.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "./resolve_config.ts";
 *
 * const run = { out: "runs/a", data: "photos", model: "dinov2/vittest", steps: 9 };
 * const config = resolveConfig(run);
 * console.log(config.method_args.output_dim); // 65536
 * ```
 *
 * @param given Settings as given, by name: {@linkcode TrainOptions}, or of unknown origin.
 * @throws {ConfigError} Listing every problem: misspelt, ill-typed and contradicting settings.
 */
export function resolveConfig(given: TrainOptions | Record<string, unknown>): TrainConfig {
  const raw = withPreset(given);
  const parsed = TrainConfig.safeParse(raw);
  if (!parsed.success) {
    const { issues } = parsed.error;
    const problems = issues.flatMap((issue) => describeIssue(issue, raw, TrainConfig));
    throw new ConfigError([...problems, ...remainingProblems(raw, issues)]);
  }
  const config = filledIn(parsed.data, raw);
  const problems = crossFieldProblems(config);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Contradictions among the settings that are right in themselves, so that one run shows all. */
function remainingProblems(raw: unknown, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  let rest = raw;
  for (const issue of issues) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
    const paths = keys.length > 0 ? keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const path of paths) rest = without(rest, path);
  }
  const parsed = TrainConfig.safeParse({ out: "-", data: "-", ...rest as object });
  if (parsed.success) return crossFieldProblems(filledIn(parsed.data, rest));
  const given = parsed.error.issues.filter(({ path }) => valueAt(rest, path) !== undefined);
  if (given.length === 0) return []; // a required setting is missing: it was told before
  return [
    ...given.flatMap((issue) => describeIssue(issue, rest, TrainConfig)),
    ...remainingProblems(rest, given),
  ];
}

/** A copy without the setting at `path`; of a list with a wrong value nothing is left. */
function without(group: unknown, [name, ...inner]: readonly PropertyKey[]): unknown {
  if (name === undefined || typeof group !== "object" || group === null || Array.isArray(group)) {
    return undefined;
  }
  const { [name]: value, ...rest } = group as Record<PropertyKey, unknown>;
  const kept = without(value, inner);
  return kept === undefined ? rest : { ...rest, [name]: kept };
}

/** What no single field can say: settings that contradict each other. */
function crossFieldProblems(config: TrainConfig): ConfigProblem[] {
  const { epochs, steps, overwrite, resume_interrupted, batch_size } = config;
  const problems: ConfigProblem[] = [];
  if (epochs !== "auto" && steps !== null) {
    problems.push({
      key: "epochs",
      message: `must not be given beside steps, got ${epochs} beside ${steps}; keep one`,
    });
  }
  if (overwrite && resume_interrupted) {
    problems.push({
      key: "overwrite",
      message: "must not be given beside resume_interrupted, got true; keep one",
    });
  }
  if (batch_size < 2 && config.method_args.koleo_loss_weight > 0) {
    problems.push({
      key: "batch_size",
      message: `must be at least 2 for the KoLeo loss, got ${batch_size}; ` +
        `raise it or set method_args.koleo_loss_weight=0`,
    });
  }
  try {
    const model = resolveModel(config.model, config.model_args);
    problems.push(...sizeProblems(config, model), ...weightsProblems(config));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  return [...problems, ...channelProblems(config), ...monitorProblems(config)];
}

/** Published weights and what stands in their way. */
function weightsProblems({ model, checkpoint, weights }: TrainConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const pretrained = publishedName(model) !== undefined;
  if (weights !== null && (checkpoint !== null || !pretrained)) {
    const [beside, remedy] = checkpoint === null
      ? [`model ${model}, which starts at random`, "write checkpoint=FILE, or a pretrained model"]
      : ["checkpoint", "keep one"];
    const message = `must not be given beside ${beside}, got "${weights}"; ${remedy}`;
    problems.push({ key: "weights", message });
  }
  return problems;
}

/** Settles what depends on other settings, and what "auto" can only mean one thing for. */
function filledIn(config: ParsedConfig, raw: unknown): TrainConfig {
  return {
    ...withChannels(withWholePatches(config, raw)),
    devices: config.devices === "auto" ? 1 : config.devices,
    optim: config.optim === "auto" ? "adamw" : config.optim,
  };
}

/**
 * View sizes that were not given follow the patch size: 98 becomes 96 for patches of 16 or 8.
 *
 * Differs: the reference's sizes fit patches of 14 alone, and other models must be told theirs.
 */
function withWholePatches(config: ParsedConfig, raw: unknown): ParsedConfig {
  const model = modelOf(config);
  if (model === undefined) return config;
  const args = config.transform_args;
  const fit = ([height, width]: [number, number]): [number, number] => [
    nearestMultiple(height, model.patchSize),
    nearestMultiple(width, model.patchSize),
  ];
  const isGiven = (...path: string[]) => valueAt(raw, ["transform_args", ...path]) !== undefined;
  const image_size = isGiven("image_size") ? args.image_size : fit(args.image_size);
  const local_view = args.local_view === null || isGiven("local_view", "view_size")
    ? args.local_view
    : { ...args.local_view, view_size: fit(args.local_view.view_size) };
  return { ...config, transform_args: { ...args, image_size, local_view } };
}

function modelOf(config: ParsedConfig): ModelConfig | undefined {
  try {
    return resolveModel(config.model, config.model_args);
  } catch {
    return undefined; // crossFieldProblems() reports it
  }
}

/** Views must be whole patches. */
function sizeProblems(config: TrainConfig, model: ModelConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { image_size, local_view } = config.transform_args;
  const checkSize = (key: string, size: readonly number[]) => {
    if (size.every((side) => side % model.patchSize === 0)) return;
    problems.push({
      key: `transform_args.${key}`,
      message: `must be multiples of patch_size ${model.patchSize}, got ${JSON.stringify(size)}; ` +
        `nearest is ${JSON.stringify(size.map((side) => nearestMultiple(side, model.patchSize)))}`,
    });
  };
  checkSize("image_size", image_size);
  if (local_view !== null && local_view.num_views > 0) {
    checkSize("local_view.view_size", local_view.view_size);
  }
  return problems;
}

function nearestMultiple(value: number, unit: number): number {
  return Math.max(1, Math.round(value / unit)) * unit;
}
