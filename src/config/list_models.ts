import { ALL_MODEL_NAMES, publishedName, resolveModel } from "./model_presets.ts";
import { parameterCount } from "./parameter_count.ts";
import { TrainConfig } from "./train_config.ts";

/** A model that can be trained, with what tells it from the others. */
export interface ListedModel {
  name: string;
  /** Parameters of the backbone. */
  parameters: number;
  patchSize: number;
  embedDim: number;
  depth: number;
  numHeads: number;
  numRegisterTokens: number;
  /** Whether it starts from published weights. */
  pretrained: boolean;
}

/**
 * Every model that can be trained.
 *
 * @example
 * ```ts
 * import { listModels } from "./list_models.ts";
 *
 * const [{ name, parameters }] = listModels();
 * console.log(name, parameters); // dinov2/vits14 22058112
 * ```
 */
export function listModels(): ListedModel[] {
  return ALL_MODEL_NAMES.map((name) => {
    const model = resolveModel(name);
    const { patchSize, embedDim, depth, numHeads, numRegisterTokens } = model;
    const parameters = parameterCount(model);
    const shape = { patchSize, embedDim, depth, numHeads, numRegisterTokens };
    return { name, parameters, ...shape, pretrained: publishedName(name) !== undefined };
  });
}

/** The training methods, as the setting `method` takes them. */
export function listMethods(): string[] {
  return [...TrainConfig.shape.method.def.innerType.values];
}
