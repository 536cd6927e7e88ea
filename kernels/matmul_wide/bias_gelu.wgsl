// kernels/matmul_wide/bias_gelu.wgsl: a product with a bias goes through GELU.
//
// Math       y = gelu(p + β)

import package::matmul_wide::columns::{load_beta, with_bias};
import package::parts::cells::{Cell, Value, rounded, to_cell};
import package::parts::gelu::gelu;
import package::parts::matmul_params::params;

@group(0) @binding(4) var<storage, read_write> y: array<Cell>;

fn prepare(row: u32, col: u32, lane: u32) { load_beta(col); }

fn finish(row: u32, col: u32, product: Value) {
  if (col >= params.cols) { return; }
  let x = rounded(with_bias(product));
  y[(row * params.cols + col) / 8u] = to_cell(Value(gelu(x[0]), gelu(x[1])));
}
