import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkOptions } from "../config/check_options.ts";
import { ConfigError } from "../config/config_error.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { isSystemError, writeRefused } from "../files/write_refused.ts";
import { writeWhole } from "../files/write_whole.ts";
import { CheckpointError } from "../safetensors.ts";
import { bytesOf, writeSafetensors } from "../safetensors_file.ts";
import { BackboneWeights } from "./backbone_weights.ts";
import { describeWeights } from "./describe_weights.ts";
import { checkEmbed } from "./embedding_layer.ts";
import { checkTransformers, checkWhole, refuseToReplace } from "./export_checks.ts";
import { type ExportInput, ExportOptions } from "./export_options.ts";
import {
  embedTensors,
  type ExportTensor,
  huggingFaceTensors,
  officialTensors,
  timmTensors,
} from "./export_tensors.ts";
import { transformersConfig } from "./exported_config.ts";
import { backboneModel } from "./onnx_model.ts";
import type { TrainedViews } from "./own_description.ts";
import { isWeight } from "../onnx/graph.ts";
import { writeOnnx } from "../onnx/onnx_file.ts";
import { type FindOptions, findPretrained } from "./pretrained.ts";
import { publishedWeights } from "./published.ts";
import { preprocessorConfig } from "./preprocessor_config.ts";
import { timmConfig } from "./timm_config.ts";
import { writeTorchFile } from "./torch_writer.ts";
import { weightsFile } from "./weights_file.ts";

/** What was written. */
export interface ExportReport {
  files: string[];
  tensors: number;
  parameters: number;
}

/** How published weights are found, and who follows an export. */
export interface ExportHooks {
  find?: FindOptions;
  /** Called with each weight: bytes of numbers that are on their way into the file, and of all. */
  onBytes?: (doneBytes: number, totalBytes: number) => void;
}

/** A backbone, and what is said beside it. */
interface Backbone {
  weights: BackboneWeights;
  model: ModelConfig;
  views: TrainedViews;
  /** The layer on top where it is wanted, and there is one; else empty. */
  embed: ExportTensor[];
}

/**
 * Writes a backbone as others read it. Needs no GPU; weights are copied one at a time and, but for
 * the sums of timm's class token, bit for bit.
 *
 * - `safetensors`: official names, as training exports them.
 * - `torch_state_dict`: the same as a `.pth`, for `torch.load(path, weights_only=True)`.
 * - `hf`: a folder for transformers' `Dinov2Model` or `Dinov2WithRegistersModel`.
 * - `timm`: a folder for timm's `create_model("local-dir:...")`.
 * - `onnx`: the forward pass as a graph, for images of one size, whose positions are resampled.
 *
 * `part: "embedding_model"` is with the linear layer of `embed_dim` on top, if training had one.
 *
 * @example
 * ```ts
 * import { exportWeights } from "./export_weights.ts";
 *
 * async function forTransformers(run: string) {
 *   await exportWeights({ checkpoint: run, out: "out/hf", format: "hf" });
 * }
 * ```
 *
 * @param hooks How published weights are found, where `checkpoint` is a model's name; who follows
 * the bytes that are written.
 * @throws {ConfigError} Lists every problem of the options; or if `out` is there already.
 * @throws {CheckpointError} If there is no backbone to be read.
 */
export async function exportWeights(
  options: ExportInput,
  { find = {}, onBytes }: ExportHooks = {},
): Promise<ExportReport> {
  const checked = checkOptions(ExportOptions, options);
  const isFolder = checked.format === "hf" || checked.format === "timm";
  await refuseToReplace(checked, isFolder);
  const { weights: opened, name } = await openWeights(checked, find);
  await using weights = opened;
  const { model: found, views } = await describeWeights(weights, checked.num_heads);
  const model = name === undefined ? found : { ...found, name };
  checkWhole(weights, model);
  const embed = checked.part === "embedding_model" ? embedTensors(weights) : [];
  if (embed.length > 0) checkEmbed(weights, model);
  if (checked.format === "hf") checkTransformers(model, embed);
  try {
    await mkdir(isFolder ? checked.out : dirname(checked.out), { recursive: true });
    return await write({ weights, model, views, embed }, checked, onBytes);
  } catch (error) {
    throw isSystemError(error) ? writeRefused(checked.out, error, "export it again") : error;
  }
}

/** The weights, and what their model is called, where that was asked for. */
async function openWeights(
  { checkpoint, which }: ExportOptions,
  find: FindOptions,
): Promise<{ weights: BackboneWeights; name?: string }> {
  const file = await weightsFile(checkpoint);
  if (file !== undefined) return { weights: await BackboneWeights.open(file, which) };
  const published = publishedWeights(checkpoint, "checkpoint");
  if (published === undefined) {
    const message = "must be a file, the folder of a run or a model with published weights, got " +
      `"${checkpoint}"`;
    throw new ConfigError([{ key: "checkpoint", message }]);
  }
  const path = await findPretrained(published, find);
  if (path !== undefined) return { weights: await BackboneWeights.open(path), name: checkpoint };
  throw new CheckpointError(`Cannot export "${checkpoint}": its download was stopped; try again`);
}

/** The tensors of a format, under its names. */
function tensorsOf({ weights, model, embed }: Backbone, format: ExportOptions["format"]) {
  switch (format) {
    case "safetensors":
    case "torch_state_dict":
      return [...officialTensors(weights), ...embed];
    case "hf":
      return huggingFaceTensors(weights, model);
    case "timm":
      return timmTensors(weights, model, embed);
    case "onnx":
      return [...officialTensors(weights), ...embed].filter(({ name }) => name !== "mask_token");
  }
}

async function write(
  backbone: Backbone,
  options: ExportOptions,
  onBytes: ExportHooks["onBytes"],
): Promise<ExportReport> {
  const { format, out } = options;
  const { model, views, embed } = backbone;
  const tensors = followed(tensorsOf(backbone, format), onBytes);
  const inFolder = (name: string) => join(out, name);
  const json = (value: unknown) => JSON.stringify(value, null, 2) + "\n";
  switch (format) {
    case "safetensors": {
      const metadata = { model: JSON.stringify(model), views: JSON.stringify(views) };
      return await writeFlat(out, tensors, { format: "denodino-backbone/1", ...metadata });
    }
    case "torch_state_dict":
      await writeTorchFile(out, tensors);
      return reportOf([out], tensors);
    case "hf": {
      const [config, processor] = ["config.json", "preprocessor_config.json"].map(inFolder);
      await writeFlat(inFolder("model.safetensors"), tensors, { format: "pt" });
      await writeWhole(config, json(transformersConfig(model)));
      await writeWhole(processor, json(preprocessorConfig(views)));
      return reportOf([inFolder("model.safetensors"), config, processor], tensors);
    }
    case "timm":
      await writeFlat(inFolder("model.safetensors"), tensors, { format: "pt" });
      await writeWhole(inFolder("config.json"), json(timmConfig(model, views, embed[0]?.shape[0])));
      return reportOf([inFolder("model.safetensors"), inFolder("config.json")], tensors);
    case "onnx": {
      const onnx = backboneModel(tensors, model, views, options);
      const files = await writeOnnx(out, onnx, { external: options.external_data });
      return reportOf(files, onnx.graph.tensors.filter(isWeight));
    }
  }
}

/** The same tensors; whoever follows is told as each one's numbers are made. */
function followed(tensors: ExportTensor[], onBytes: ExportHooks["onBytes"]): ExportTensor[] {
  const totalBytes = tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  let doneBytes = 0;
  return tensors.map((tensor) => ({
    ...tensor,
    values: async () => {
      const values = await tensor.values();
      doneBytes += 4 * sizeOf(tensor.shape);
      onBytes?.(doneBytes, totalBytes);
      return values;
    },
  }));
}

async function writeFlat(
  path: string,
  tensors: readonly ExportTensor[],
  metadata: Record<string, string>,
): Promise<ExportReport> {
  const sources = tensors.map(({ name, shape, values }) => ({
    name,
    shape,
    dtype: "F32" as const,
    data: async () => bytesOf(await values()),
  }));
  await writeSafetensors(path, sources, metadata);
  return reportOf([path], tensors);
}

function reportOf(files: string[], tensors: readonly { shape: readonly number[] }[]): ExportReport {
  const parameters = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { files, tensors: tensors.length, parameters };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
