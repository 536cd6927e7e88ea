// kernels/matmul_wide/gelu_backward.wgsl: a product goes back through GELU.
//
// Math       y = p·gelu′(pre)

import package::parts::cells::{Cell, Value, from_cell, to_cell};
import package::parts::gelu::gelu_slope;
import package::parts::matmul_params::params;

@group(0) @binding(3) var<storage, read> pre: array<Cell>;
@group(0) @binding(4) var<storage, read_write> y: array<Cell>;

fn prepare(row: u32, col: u32, lane: u32) {}

fn finish(row: u32, col: u32, product: Value) {
  if (col >= params.cols) { return; }
  let at = (row * params.cols + col) / 8u;
  let x = from_cell(pre[at]);
  y[at] = to_cell(Value(product[0] * gelu_slope(x[0]), product[1] * gelu_slope(x[1])));
}
