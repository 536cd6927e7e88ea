/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Worker thread: renders the views of one image at a time, in the order asked. */
import { ImageReader } from "./image_reader.ts";
import { renderItem, type ViewJob } from "./render_item.ts";
import type { TransformArgs } from "./augment.ts";

/** Sent once, before any job. */
export interface WorkerSettings {
  views: TransformArgs;
}

export interface WorkerRequest {
  id: number;
  job: ViewJob;
}

export type WorkerReply = { id: number; views: Float32Array } | { id: number; error: string };

let args: TransformArgs;
const reader = new ImageReader(); // its files are closed with the thread
let queue = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<WorkerSettings | WorkerRequest>) => {
  if ("views" in data) args = data.views;
  else queue = queue.then(() => answer(data));
};

/** A throw would end the whole process, so every failure becomes a reply. */
async function answer({ id, job }: WorkerRequest): Promise<void> {
  try {
    const views = await renderItem(args, job, reader);
    self.postMessage({ id, views } satisfies WorkerReply, [views.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    self.postMessage({ id, error: message } satisfies WorkerReply);
  }
}
