/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Worker thread: inspects one image at a time. */
import { ImageReader } from "./image_reader.ts";
import { type ImageFacts, inspectImage } from "./inspect_image.ts";
import type { ImageLocation } from "./image_set.ts";

/** What a worker is asked. */
export interface InspectJob {
  at: ImageLocation;
  channels: number;
}

/** What became of an image: its facts, or why it cannot be read. */
export type Inspection = { facts: ImageFacts } | { error: string };

const reader = new ImageReader(); // its files are closed with the thread

self.onmessage = async ({ data }: MessageEvent<InspectJob>) => {
  self.postMessage(await inspect(data));
};

/** A throw would end the whole process, so every failure becomes a reply. */
async function inspect({ at, channels }: InspectJob): Promise<Inspection> {
  try {
    return { facts: await inspectImage(at, reader, channels) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
