import { ConfigError } from "../config/config_error.ts";
import type { ModelConfig } from "../config/model_config.ts";
import type { OnnxModel } from "../onnx/graph.ts";
import { VERSION } from "../version.ts";
import { backboneGraph } from "./backbone_graph.ts";
import type { ExportOptions } from "./export_options.ts";
import type { ExportTensor } from "./export_tensors.ts";
import type { TrainedViews } from "./own_description.ts";

/** What a batch of any number is called. */
const ANY_BATCH = "batch";

/**
 * A backbone as an ONNX model, with what there is to know of its images as metadata.
 *
 * @param weights The official ones, and those of the layer on top if it is wanted.
 * @throws {ConfigError} If the image size is not whole patches.
 */
export function backboneModel(
  weights: readonly ExportTensor[],
  model: ModelConfig,
  views: TrainedViews,
  { part, image_size, batch_size, opset }: ExportOptions,
): OnnxModel {
  const size = image_size ?? views.image_size;
  checkSize(size, model);
  const batch = batch_size === "dynamic" ? ANY_BATCH : batch_size;
  return {
    opset,
    producer: { name: "denodino", version: VERSION },
    doc: "A DINOv2 vision transformer. Its input is images of pixels from 0 to 1, normalized: " +
      "less the mean of their channel, over its standard deviation; the metadata has both.",
    metadata: metadataOf(model, views, size, part),
    graph: backboneGraph(weights, { model, size, batch, opset, part }),
  };
}

function metadataOf(
  { name, patchSize, inChans, numRegisterTokens }: ModelConfig,
  { normalize }: TrainedViews,
  size: readonly [number, number],
  part: string,
): Record<string, string> {
  const isPreset = name.startsWith("dinov2/"); // else it is a path, and nobody's business
  return {
    ...(isPreset ? { model: name } : {}),
    part,
    image_size: JSON.stringify(size),
    patch_size: String(patchSize),
    num_channels: String(inChans),
    mean: JSON.stringify(normalize.mean),
    std: JSON.stringify(normalize.std),
    num_register_tokens: String(numRegisterTokens),
  };
}

function checkSize(size: readonly [number, number], { patchSize }: ModelConfig): void {
  if (size.every((side) => side % patchSize === 0)) return;
  const near = size.map((side) => Math.max(1, Math.round(side / patchSize)) * patchSize);
  const message = `must be multiples of patch_size ${patchSize}, got [${size.join(", ")}]; write ` +
    `image_size=[${near.join(",")}]`;
  throw new ConfigError([{ key: "image_size", message }]);
}
