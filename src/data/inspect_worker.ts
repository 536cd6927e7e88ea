/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Worker thread: inspects one image at a time. */
import { type ImageFacts, inspectImage } from "./inspect_image.ts";
import type { ImageLocation } from "./image_set.ts";

/** What became of an image: its facts, or why it cannot be read. */
export type Inspection = { facts: ImageFacts } | { error: string };

self.onmessage = async ({ data: at }: MessageEvent<ImageLocation>) => {
  self.postMessage(await inspect(at));
};

/** A throw would end the whole process, so every failure becomes a reply. */
async function inspect(at: ImageLocation): Promise<Inspection> {
  try {
    return { facts: await inspectImage(at) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
