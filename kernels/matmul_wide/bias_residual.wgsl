// kernels/matmul_wide/bias_residual.wgsl: a product with a bias joins a residual stream.
//
// Math       y[t] = residual[t] + γ·factor·(p + β)

import package::matmul_wide::columns::{load_beta, load_gamma, with_bias};
import package::matmul_wide::stream::{cell_of, joined, load_rows, stream_row};
import package::parts::cells::{Cell, Value, to_cell};
import package::parts::matmul_params::params;

@group(0) @binding(7) var<storage, read_write> y: array<Cell>;

fn prepare(row: u32, col: u32, lane: u32) {
  load_rows(row, lane);
  load_beta(col);
  load_gamma(col);
}

fn finish(row: u32, col: u32, product: Value) {
  let stream = stream_row(row);
  if (col >= params.cols) { return; }
  let at = cell_of(stream, col);
  y[at] = to_cell(joined(stream, at, with_bias(product)));
}
