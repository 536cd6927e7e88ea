/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** A view worker that dies on `die`, hangs on `hang`, and else answers with the job's index. */
self.onmessage = ({ data }) => {
  if (data.views) return;
  const { id, job } = data;
  if (job.at.path === "die") throw Object.assign(new Error("out of memory"), { stack: "" }); // quiet
  if (job.at.path !== "hang") {
    self.postMessage({ id, item: { maker: "workers", views: Float32Array.of(job.index) } });
  }
};
