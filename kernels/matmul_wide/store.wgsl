// kernels/matmul_wide/store.wgsl: a product is stored.
//
// Math       y = p

import package::parts::cells::{Cell, Value, to_cell};
import package::parts::matmul_params::params;

@group(0) @binding(3) var<storage, read_write> stored: array<Cell>;

fn prepare(row: u32, col: u32, lane: u32) {}

fn finish(row: u32, col: u32, product: Value) {
  if (col >= params.cols) { return; }
  stored[(row * params.cols + col) / 8u] = to_cell(product);
}
