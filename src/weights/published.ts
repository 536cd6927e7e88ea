import { publishedName } from "../config/model_presets.ts";

/** A file of published weights. */
export interface PublishedWeights {
  /** The model that an error names, such as `dinov2/vits14`. */
  model: string;
  file: string;
  /** Where it is, below the base address. */
  path: string;
  sizeBytes: number;
  /** Lower case, in hexadecimal. */
  sha256: string;
}

/** Where Meta keeps the weights of DINOv2. */
export const PUBLISHED_BASE = "https://dl.fbaipublicfiles.com/dinov2";

/**
 * Bytes and SHA-256 of each file. Meta publishes neither: they are what several projects that
 * downloaded the files on their own wrote down, and all agree.
 */
const FILES: Record<string, [sizeBytes: number, sha256: string]> = {
  vits14: [88_283_115, "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9"],
  vits14_reg4: [88_291_785, "f433177089a681826f849f194ece3bb48f4d63fb38d32fc837e3dc7a4e5641fb"],
  vitb14: [346_378_731, "0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73"],
  vitb14_reg4: [346_393_545, "73182a088cf94833c94b1666d1c99e02fe87e2007bff57b564fb6206e25dba71"],
  vitl14: [1_217_586_395, "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428"],
  vitl14_reg4: [1_217_607_321, "36e4deffbaef061a2576705b0c36f93621e2ae20bf6274694821b0b492551b51"],
  vitg14: [4_546_108_579, "baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3"],
  vitg14_reg4: [4_546_140_349, "746ecb8c6301c645c5c855be91687d274587d6e48fdaec4a729753160b34a283"],
};

/**
 * The file of weights that a model name means.
 *
 * @example
 * ```ts
 * import { publishedWeights } from "./published.ts";
 *
 * console.log(publishedWeights("dinov2/vits14")?.file); // dinov2_vits14_reg4_pretrain.pth
 * console.log(publishedWeights("dinov2/vits14-notpretrained")); // undefined
 * ```
 *
 * @param key What errors call the setting that the name is of.
 * @throws {ConfigError} If there is no such model.
 */
export function publishedWeights(model: string, key = "model"): PublishedWeights | undefined {
  const name = publishedName(model, key);
  if (name === undefined) return undefined;
  const [sizeBytes, sha256] = FILES[name];
  const file = `dinov2_${name}_pretrain.pth`;
  const folder = `dinov2_${name.replace(/_reg4$/, "")}`; // both kinds lie in it
  return { model, file, path: `${folder}/${file}`, sizeBytes, sha256 };
}
