// kernels/matmul_wide/stream.wgsl: how a row of a product joins a residual stream.
//
// Math       y[t] = residual[t] + γ·factor·branch,  (t, factor) = rows[row]
// Shapes     rows [tokens, 2] = (token, bits of its factor), the first of which are the product's;
//            residual [tokens, cols], [rows, cols] without rows.
// Launch     each lane loads four of the 32 rows, and shuffles them to the others.
// Source     Touvron et al. 2021, arXiv:2103.17239.

import package::matmul_wide::columns::scaled;
import package::parts::cells::{Cell, Value, from_cell};
import package::parts::matmul_params::params;

@group(0) @binding(4) var<storage, read> residual: array<Cell>;
@group(0) @binding(6) var<storage, read> rows: array<vec2u>;

var<private> rows_0: vec2u;
var<private> rows_8: vec2u;
var<private> rows_16: vec2u;
var<private> rows_24: vec2u;

fn load_rows(first_row: u32, lane: u32) {
  if (params.has_rows == 0u) { return; }
  let at = min(first_row + lane + vec4u(0u, 8u, 16u, 24u), vec4u(params.rows - 1u));
  rows_0 = rows[at.x];
  rows_8 = rows[at.y];
  rows_16 = rows[at.z];
  rows_24 = rows[at.w];
}

// The row of the stream that a row of the product joins, and the bits of its factor.
fn stream_row(row: u32) -> vec2u {
  let in_tile = row % 32u;
  let first = select(rows_0, rows_8, in_tile >= 8u);
  let last = select(rows_16, rows_24, in_tile >= 24u);
  let found = subgroupShuffle(select(first, last, in_tile >= 16u), in_tile % 8u);
  return select(vec2u(row, bitcast<u32>(1.0)), found, params.has_rows != 0u);
}

// Cell of the stream.
fn cell_of(row: vec2u, col: u32) -> u32 { return (row.x * params.cols + col) / 8u; }

fn joined(row: vec2u, at: u32, branch: Value) -> Value {
  return from_cell(residual[at]) + scaled(branch) * bitcast<f32>(row.y);
}
