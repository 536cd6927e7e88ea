import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "../images/errors.ts";
import type { ImageSet } from "../images/image_set.ts";
import { type Pack, PACK_VERSION, packedBytes, readPack } from "./pack_file.ts";
import { packImages, type PackOptions } from "./pack_images.ts";
import { writeError } from "./pack_writer.ts";
import { changesOf, packKey, type PackOrigin, packOrigin } from "./pack_origin.ts";

/**
 * The same images, decoded and reduced, in one file: an epoch is one read for each.
 *
 * The file is made if there is none, and made anew where it is damaged or was made from other files
 * or with other settings. One that is current is used without reading a source. An image that
 * cannot be read when it is made is left out, and looked for at its source as ever.
 *
 * @example
 * ```ts
 * import { findImages } from "../images/find_images.ts";
 * import { packedSet } from "./packed_set.ts";
 * import { DEFAULT_TRANSFORM_ARGS } from "../views/view_spec.ts";
 *
 * async function packed(folder: string) {
 *   const images = await findImages(folder);
 *   const options = { views: DEFAULT_TRANSFORM_ARGS, numWorkers: 2, onMessage: console.log };
 *   return await packedSet(images, "images.pack", options);
 * }
 * ```
 *
 * @param path The file.
 * @returns The set; `images` itself if the signal came before it was packed.
 * @throws {DataError} If `path` is something else than a pack, cannot be written, or there is not
 * enough room.
 */
export async function packedSet(
  images: ImageSet,
  path: string,
  options: PackOptions,
): Promise<ImageSet> {
  const { onMessage, signal } = options;
  const origin = await packOrigin(images, options.views);
  let isNew = false;
  while (!signal?.aborted) {
    const found = await readPack(path);
    const reason = found && reasonAgainst(found, origin);
    if (typeof found === "object" && reason === undefined) return setOf(found, images);
    if (isNew) {
      throw new DataError(
        `Cannot pack images: "${path}" must read as it was written, got another content` +
          `${reason === undefined ? "" : ` (${reason})`}; check the disk`,
      );
    }
    onMessage?.(
      reason === undefined
        ? `packing ${origin.images} images into "${path}"`
        : `packing images anew: ${reason}`,
    );
    await mkdir(dirname(path), { recursive: true })
      .catch((error) => Promise.reject(writeError(path, error)));
    isNew = await packImages(path, images, origin, options);
  }
  return images;
}

/** Why a file is not the pack that is wanted; undefined if it is. */
function reasonAgainst(found: Pack | string, origin: PackOrigin): string | undefined {
  if (typeof found === "string") return found;
  const key = packKey(origin, PACK_VERSION);
  if (key.every((byte, i) => byte === found.key[i])) return undefined;
  return changesOf(found.origin, origin) || `"${found.path}" must have an intact key`;
}

function setOf({ path, index }: Pack, images: ImageSet): ImageSet {
  return {
    names: images.names,
    problems: images.problems,
    location(place) {
      const [source, entry] = [images.location(place), index.get(place)];
      if (entry === undefined) return source;
      const { offset, ...pixels } = entry;
      return { path, offset, length: packedBytes(entry), raw: { ...pixels, source } };
    },
  };
}
