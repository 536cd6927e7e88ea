import { equal, match, ok } from "node:assert/strict";
import { plan } from "../../src/training/plan_report.ts";

const SMALL = {
  model: "dinov2/vittest",
  batch_size: 8,
  method_args: { output_dim: 4096 },
} as const;

Deno.test("plan() takes a GPU that is not here: its kernels, limits and memory", async () => {
  const { adapter, paper, refusal, phases } = await plan(SMALL, { on: "h100" });
  equal(adapter, "NVIDIA H100 SXM (on paper)");
  equal(refusal, null);
  equal(paper?.images, 8);
  const kernels = phases.flatMap((phase) => phase.kernels.map(({ kernel }) => kernel));
  ok(kernels.some((kernel) => kernel.startsWith("matmul_tiled")), kernels.join(", "));
  ok(kernels.some((kernel) => kernel.startsWith("crop_resize")), "a GPU makes the views");
});

Deno.test("plan() counts micro-batches of a step on paper, not its evaluations", async () => {
  const once = (await plan(SMALL, { on: "h100" })).paper!;
  const four = (await plan({ ...SMALL, gradient_accumulation_steps: 4 }, { on: "h100" })).paper!;
  equal(four.images, 4 * once.images);
  ok(four.dispatches > 3 * once.dispatches && four.dispatches < 4 * once.dispatches);
});

Deno.test("plan() tells what a GPU has no room for", async () => {
  const huge = { model: "dinov2/vitl14-notpretrained", batch_size: 256 } as const;
  match((await plan(huge, { on: "rtx4090" })).refusal!, /^Cannot run this plan on NVIDIA RTX 4090/);
});

Deno.test("plan() has nothing on paper for this machine", async () => {
  equal((await plan(SMALL)).paper, null);
});

Deno.test("plan() takes the variants that are asked for on paper too", async () => {
  const { phases } = await plan({ ...SMALL, kernels: "cpu" }, { on: "h100" });
  const kernels = phases.flatMap((phase) => phase.kernels.map(({ kernel }) => kernel));
  ok(kernels.some((kernel) => kernel.startsWith("attention_subgroup")), kernels.join(", "));
});
