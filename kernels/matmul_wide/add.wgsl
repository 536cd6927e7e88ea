// kernels/matmul_wide/add.wgsl: a product joins a sum.
//
// Math       y += p

import package::parts::cells::{Value, WideCell, from_wide, to_wide};
import package::parts::matmul_params::params;

@group(0) @binding(3) var<storage, read_write> total: array<WideCell>; // f32

fn prepare(row: u32, col: u32, lane: u32) {}

fn finish(row: u32, col: u32, product: Value) {
  if (col >= params.cols) { return; }
  let at = (row * params.cols + col) / 8u;
  total[at] = to_wide(from_wide(total[at]) + product);
}
