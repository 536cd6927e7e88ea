import { resolveModel } from "../config/model_presets.ts";
import type { ModelConfig } from "../config/model_config.ts";
import type { Accelerator } from "../gpu/device.ts";
import { CheckpointError } from "../safetensors.ts";
import { SafetensorsFile } from "../safetensors_file.ts";
import { Model } from "./model.ts";

/** How a file of ours holds the weights of a backbone. */
interface Layout {
  config: ModelConfig;
  /** What the official names follow. */
  prefix: string;
}

/**
 * Loads a model from a file that training wrote: an exported teacher, or a checkpoint.
 *
 * @example
 * ```ts
 * import { createModel } from "./model.ts";
 * import { loadModel } from "./load_model.ts";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * {
 *   using made = await createModel("dinov2/vittest", { seed: 7 });
 *   await made.save(path);
 * }
 * using model = await loadModel(path);
 * console.log(model.config.embedDim); // 64
 * ```
 *
 * @param path The file.
 * @param options `which` network of a checkpoint: the teacher, unless told otherwise.
 * @throws {CheckpointError} If the file is damaged, not ours, or does not hold all weights.
 * @throws {GpuError} If there is no adapter of the kind asked for.
 */
export async function loadModel(
  path: string,
  { which = "teacher", accelerator }: {
    which?: "teacher" | "student";
    accelerator?: Accelerator;
  } = {},
): Promise<Model> {
  await using file = await SafetensorsFile.open(path);
  const { config, prefix } = layoutOf(path, file.metadata, which);
  const model = await Model.allocate(config, { accelerator });
  try {
    checkShapes(path, file, prefix, model.shapes);
    await model.setWeights((name) => file.f32(prefix + name));
    return model;
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

function layoutOf(
  path: string,
  { format, model, config }: Readonly<Record<string, string>>,
  which: string,
): Layout {
  switch (format) {
    case "denodino-backbone/1":
      return { config: JSON.parse(model), prefix: "" };
    case "denodino-checkpoint/1": {
      const { model: name, model_args } = JSON.parse(config);
      return { config: resolveModel(name, model_args), prefix: `${which}.backbone.` };
    }
    default:
      throw new CheckpointError(
        `Cannot load "${path}": it must be an export or a checkpoint of denodino, got ` +
          `${format === undefined ? "a file without its mark" : `format ${format}`}`,
      );
  }
}

function checkShapes(
  path: string,
  file: SafetensorsFile,
  prefix: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [name, shape] of shapes) {
    const got = file.entries.get(prefix + name)?.shape;
    if (got?.join() === shape.join()) continue;
    throw new CheckpointError(
      `Cannot load "${path}": ${prefix + name} must have shape [${shape.join(", ")}], got ${
        got ? `[${got.join(", ")}]` : "no such tensor"
      }`,
    );
  }
}
