/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** An inspecting worker that dies on `die.png`, hangs on `hang.png`, and else finds no image. */
self.onmessage = ({ data: { at: { path } } }: MessageEvent<{ at: { path: string } }>) => {
  if (path.endsWith("die.png")) {
    throw Object.assign(new Error("out of memory"), { stack: "" }); // quiet
  }
  if (!path.endsWith("hang.png")) self.postMessage({ error: "no image" });
};
