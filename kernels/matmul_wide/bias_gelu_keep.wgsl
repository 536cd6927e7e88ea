// kernels/matmul_wide/bias_gelu_keep.wgsl: a product with a bias is kept, and goes through GELU.
//
// Math       pre = p + β,   y = gelu(pre)

import package::matmul_wide::columns::{load_beta, with_bias};
import package::parts::cells::{Cell, Value, rounded, to_cell};
import package::parts::gelu::gelu;
import package::parts::matmul_params::params;

@group(0) @binding(4) var<storage, read_write> pre: array<Cell>;
@group(0) @binding(5) var<storage, read_write> y: array<Cell>;

fn prepare(row: u32, col: u32, lane: u32) { load_beta(col); }

fn finish(row: u32, col: u32, product: Value) {
  if (col >= params.cols) { return; }
  let x = rounded(with_bias(product));
  let at = (row * params.cols + col) / 8u;
  pre[at] = to_cell(x);
  y[at] = to_cell(Value(gelu(x[0]), gelu(x[1])));
}
