import { readdir, stat } from "node:fs/promises";
import { ConfigError } from "../config/config_error.ts";
import type { ModelConfig } from "../config/model_config.ts";
import { dataFile } from "../onnx/onnx_file.ts";
import { CheckpointError } from "../safetensors.ts";
import type { BackboneWeights } from "./backbone_weights.ts";
import { expectedNames } from "./expected_names.ts";
import type { ExportOptions } from "./export_options.ts";
import type { ExportTensor } from "./export_tensors.ts";

/** Any of these is in the folder of a run, whose own config.json would be lost. */
const RUN_ENTRIES = new Set(["checkpoints", "metrics.jsonl", "exported_last.safetensors"]);

/** @throws {CheckpointError} If weights of the model are missing. */
export function checkWhole({ path, shapes }: BackboneWeights, model: ModelConfig): void {
  const missing = expectedNames(model).filter((name) => !shapes.has(name));
  if (missing.length === 0) return;
  throw new CheckpointError(
    `Cannot export "${path}": it must hold all weights of a backbone, got none of ` +
      `${missing.slice(0, 5).join(", ")}${
        missing.length > 5 ? ` and ${missing.length - 5} more` : ""
      }`,
  );
}

/**
 * @param embed The layer on top if it is wanted, else nothing.
 * @throws {ConfigError} If transformers' models cannot be so.
 */
export function checkTransformers({ mlpRatio }: ModelConfig, embed: readonly ExportTensor[]): void {
  const others = "safetensors, torch_state_dict, timm or onnx";
  if (embed.length > 0) {
    const message = "must be model for format=hf, which has no place for the layer of embed_dim " +
      `${embed[0].shape[0]}, got "embedding_model"; choose it, or ${others}`;
    throw new ConfigError([{ key: "part", message }]);
  }
  if (Number.isInteger(mlpRatio)) return;
  const message = `must be another for mlp_ratio ${mlpRatio}, got "hf", whose ratios are whole; ` +
    `choose ${others}`;
  throw new ConfigError([{ key: "format", message }]);
}

/** A file that is there is not replaced unasked, nor a folder with something in it. */
export async function refuseToReplace(
  { out, format, overwrite }: ExportOptions,
  isFolder: boolean,
): Promise<void> {
  const refuse = (message: string) => new ConfigError([{ key: "out", message }]);
  const refuseOld = (path: string) =>
    refuse(`must be new, got "${path}", which exists; choose another, or write overwrite=true`);
  const isThere = (path: string) => stat(path).then(() => true, () => false);
  if (format === "onnx" && !overwrite && await isThere(dataFile(out))) {
    throw refuseOld(dataFile(out));
  }
  const found = await stat(out).catch(() => undefined);
  if (found === undefined) return;
  if (isFolder !== found.isDirectory()) {
    const [wanted, got] = isFolder ? ["folder", "file"] : ["file", "folder"];
    throw refuse(`must be a ${wanted}, got the ${got} "${out}"; choose another`);
  }
  const entries = isFolder ? await readdir(out) : [];
  if (entries.some((name) => RUN_ENTRIES.has(name))) {
    throw refuse(`must not be the folder of a run, got "${out}"; choose another`);
  }
  if (overwrite || (isFolder && entries.length === 0)) return;
  throw refuseOld(out);
}
