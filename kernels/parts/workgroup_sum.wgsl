// kernels/parts/workgroup_sum.wgsl: sums over all lanes of a workgroup.
//
// Launch     by every lane, as they meet at barriers; may be called again at once.
// Numerics   f32, a tree of fixed order.

override WORKGROUP_SIZE: u32 = 256; // power of two: the reduction halves it

var<workgroup> partial_sums: array<vec2f, WORKGROUP_SIZE>;

// Two sums at once; every lane gets both.
fn workgroup_sums(lane: u32, values: vec2f) -> vec2f {
  partial_sums[lane] = values;
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) { partial_sums[lane] += partial_sums[lane + stride]; }
    workgroupBarrier();
  }
  return workgroupUniformLoad(&partial_sums[0]);
}

fn workgroup_sum(lane: u32, value: f32) -> f32 { return workgroup_sums(lane, vec2f(value, 0.0)).x; }
