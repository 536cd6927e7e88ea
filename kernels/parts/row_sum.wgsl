// kernels/parts/row_sum.wgsl: sums over the lanes that share a row.
//
// Launch     ROWS rows per workgroup, LANES lanes for each; all of them must call, those without a
//            row too, for they meet at barriers.
// Numerics   f32, a tree of fixed order.

override LANES: u32 = 32; // power of two: the reduction halves it
override ROWS: u32 = 8;
override WORKGROUP_SIZE: u32 = 256; // LANES · ROWS

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

// One sum for each row; every lane of the row gets it.
fn row_sum(lane: u32, row: u32, value: f32) -> f32 {
  let at = row * LANES + lane;
  partial[at] = value;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) { partial[at] += partial[at + stride]; }
    workgroupBarrier();
  }
  return partial[row * LANES];
}
