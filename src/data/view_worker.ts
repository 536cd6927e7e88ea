/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Worker thread: makes the item of one image at a time, in the order asked. */
import { ImageReader } from "../images/image_reader.ts";
import { buffersOf, type ItemJob, type ItemSettings, type MadeItem, makeItem } from "./item.ts";

export interface WorkerRequest {
  id: number;
  job: ItemJob;
}

export type WorkerReply = { id: number; item: MadeItem } | { id: number; error: string };

let settings: ItemSettings;
const reader = new ImageReader(); // its files are closed with the thread
let queue = Promise.resolve();

/** The settings come once, before any request. */
self.onmessage = ({ data }: MessageEvent<ItemSettings | WorkerRequest>) => {
  if ("views" in data) settings = data;
  else queue = queue.then(() => answer(data));
};

/** A throw would end the whole process, so every failure becomes a reply. */
async function answer({ id, job }: WorkerRequest): Promise<void> {
  try {
    const item = await makeItem(settings, job, reader);
    self.postMessage({ id, item } satisfies WorkerReply, buffersOf(item));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    self.postMessage({ id, error: message } satisfies WorkerReply);
  }
}
