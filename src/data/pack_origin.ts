import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ImageLocation, ImageSet } from "../images/image_set.ts";
import { type ReductionView, reductionViews } from "../views/reduce.ts";
import type { TransformArgs } from "../views/view_spec.ts";

/** What a pack was made from: it is current for as long as this stays the same. */
export interface PackOrigin {
  num_channels: number;
  /** What a reduction depends on, each kind of view once. */
  views: ReductionView[];
  /** Images of the set, readable or not. */
  images: number;
  /** SHA-256 of the name, size and time of every file, and of the place of parts in theirs. */
  files: string;
}

/** Files that are looked at together: enough for a disk that is far away. */
const AT_ONCE = 32;

/** Looks at every file of a set, without reading it. */
export async function packOrigin(images: ImageSet, args: TransformArgs): Promise<PackOrigin> {
  const views = new Map(reductionViews(args).map((view) => [JSON.stringify(view), view]));
  return {
    num_channels: args.num_channels,
    views: [...views.values()],
    images: images.names.length,
    files: await hashOfFiles(images),
  };
}

/** SHA-256 of an origin and the version of the format: the key of a pack. */
export function packKey(origin: PackOrigin, version: number): Uint8Array {
  const { num_channels, views, images, files } = origin; // in this order
  return createHash("sha256")
    .update(JSON.stringify([version, num_channels, views, images, files])).digest();
}

/** What is otherwise than when a pack was made, for people. */
export function changesOf(before: PackOrigin, now: PackOrigin): string {
  const changes: string[] = [];
  if (before.num_channels !== now.num_channels) {
    changes.push(`num_channels was ${before.num_channels}, is ${now.num_channels}`);
  }
  if (JSON.stringify(before.views) !== JSON.stringify(now.views)) {
    changes.push("sizes or min_scale of views changed");
  }
  if (before.images !== now.images) {
    changes.push(`data had ${before.images} images, has ${now.images}`);
  } else if (before.files !== now.files) {
    changes.push("files of data changed");
  }
  return changes.join("; ");
}

async function hashOfFiles(images: ImageSet): Promise<string> {
  const hash = createHash("sha256");
  const shards = new Map<string, Promise<string>>();
  const stampOf = (at: ImageLocation) => {
    if (at.offset === undefined) return fileStamp(at.path);
    const known = shards.get(at.path) ?? fileStamp(at.path);
    shards.set(at.path, known);
    return known;
  };
  for (let start = 0; start < images.names.length; start += AT_ONCE) {
    const names = images.names.slice(start, start + AT_ONCE);
    const lines = await Promise.all(names.map(async (name, i) => {
      const at = images.location(start + i);
      return JSON.stringify([name, await stampOf(at), at.offset, at.length]);
    }));
    hash.update(lines.join("\n") + "\n");
  }
  return hash.digest("hex");
}

async function fileStamp(path: string): Promise<string> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${size} ${mtimeMs}`;
  } catch {
    return "absent"; // since it was listed; it will be met as unreadable
  }
}
