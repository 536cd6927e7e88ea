import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { placementOf } from "../../src/profile/paper_roofline.ts";
import { kernelFootprint } from "../../src/profile/kernel_footprint.ts";
import { GPU_MODELS } from "../../src/profile/gpu_models.ts";
import { dispatchOf, stepOnPaper } from "../support/on_paper.ts";

Deno.test("kernelFootprint() works out sizes from constants and overrides", () => {
  const source = `
    override ROWS: u32 = 4; // override LANES: u32 = 1000;
    override LANES: u32 = 8u * ROWS;
    override VECS: u32 = (LANES + 3u) / 4u;
    override STRIDE: u32 = VECS | 1u;
    const DEPTH = 5u - 2u;
    var<workgroup> tile: array<vec4f, ROWS * STRIDE>;
    var<workgroup> sums: array<f32, (LANES % 5u) * DEPTH>;
    var<workgroup> flag: u32;
    var<workgroup> drawn: atomic<u32>;
    @compute @workgroup_size(LANES, ROWS)
    fn forward() { tile[0] = vec4f(sums[0]); flag = atomicAdd(&drawn, 1u); }
  `;
  // LANES 32, VECS 8, STRIDE 9.
  const bytes = 4 * 9 * 16 + 2 * 3 * 4 + 4 + 4;
  deepEqual(kernelFootprint(dispatchOf(source)), { lanes: 128, workgroupBytes: bytes });
  const wider = dispatchOf(source, { constants: { ROWS: 8, STRIDE: 1 } });
  deepEqual(kernelFootprint(wider), { lanes: 512, workgroupBytes: 8 * 16 + 4 * 3 * 4 + 4 + 4 });
});

Deno.test("kernelFootprint() counts what an entry point reaches, through functions it calls", () => {
  const source = `
    var<workgroup> near: array<f32, 4>;
    var<workgroup> far: array<vec2f, 4>;
    var<workgroup> other: array<f32, 1000>;
    fn last() -> f32 { return far[0].x; }
    fn first() -> f32 { return near[0] + last(); }
    @compute @workgroup_size(64) fn forward() { let x = first(); }
    @compute @workgroup_size(32) fn backward() { other[0] = 1.0; }
  `;
  deepEqual(kernelFootprint(dispatchOf(source)), { lanes: 64, workgroupBytes: 48 });
  const backward = dispatchOf(source, { entryPoint: "backward" });
  deepEqual(kernelFootprint(backward), { lanes: 32, workgroupBytes: 4000 });
});

Deno.test("kernelFootprint() says what it cannot tell", () => {
  const message = (source: string) => {
    try {
      kernelFootprint(dispatchOf(source));
    } catch (error) {
      return (error as Error).message;
    }
  };
  equal(message("fn forward() {}"), "Cannot find forward and its workgroup size");
  equal(message("@compute @workgroup_size(N) fn forward() {}"), "Cannot tell the size N");
  const matrix = "var<workgroup> m: mat4x4f; @compute @workgroup_size(1) fn forward() { m = m; }";
  equal(message(matrix), "Cannot tell the size of mat4x4f");
  throws(() => kernelFootprint(dispatchOf("")), SyntaxError);
});

Deno.test("every kernel of a step has a footprint that fits a GPU", () => {
  for (const dispatch of stepOnPaper()) {
    const { lanes, workgroupBytes, resident, occupancy, tail } = placementOf(
      dispatch,
      GPU_MODELS.h100,
    );
    ok(lanes >= 8 && lanes <= 1024, `${dispatch.label}: ${lanes} lanes`);
    ok(workgroupBytes <= 48 * 1024, `${dispatch.label}: ${workgroupBytes} bytes`);
    ok(resident >= 1 && occupancy > 0 && occupancy <= 1, dispatch.label);
    ok(tail > 0 && tail <= 1, dispatch.label);
  }
});
