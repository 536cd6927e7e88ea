/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Worker thread: inspects one image at a time. */
import { type ImageFacts, inspectImage } from "./inspect_image.ts";

/** What a worker is asked. */
export interface InspectJob {
  /** The file. */
  path: string;
  channels: number;
}

/** What became of an image: its facts, or why it cannot be read. */
export type Inspection = { facts: ImageFacts } | { error: string };

self.onmessage = async ({ data }: MessageEvent<InspectJob>) => {
  self.postMessage(await inspect(data));
};

/** A throw would end the whole process, so every failure becomes a reply. */
async function inspect({ path, channels }: InspectJob): Promise<Inspection> {
  try {
    return { facts: await inspectImage(path, channels) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
