// kernels/column_sum.wgsl: sums over the rows of a matrix, such as the gradient of a bias.
//
// Math       partial[split, col] = Σ_rows of the split x[row, col];  add_partials.wgsl does the rest
// Shapes     x [rows, cols];  partial [splits, cols].
// Launch     one cell (parts/cells.wgsl) of one split of the rows per lane.
// Numerics   f32 sums in a fixed order: four running ones, so that a lane has four loads on their
//            way.
// Source     Higham 1993, doi:10.1137/0914050: the error of a sum grows with its longest chain.

import package::parts::cells::{CELL, Cell, Value, WideCell, from_cell, to_wide};

override WORKGROUP_SIZE: u32 = 64;

struct Params { rows: u32, cols: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Cell>;
@group(0) @binding(2) var<storage, read_write> partial: array<WideCell>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let cells = params.cols / CELL;
  let cell = group.x * WORKGROUP_SIZE + lane;
  if (cell >= cells) { return; }
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((group.y + 1u) * rows_per_split, params.rows);
  var s0 = Value(); var s1 = Value(); var s2 = Value(); var s3 = Value();
  var row = group.y * rows_per_split;
  for (; row + 3u < end; row += 4u) {
    let at = row * cells + cell;
    s0 += from_cell(x[at]);
    s1 += from_cell(x[at + cells]);
    s2 += from_cell(x[at + 2u * cells]);
    s3 += from_cell(x[at + 3u * cells]);
  }
  for (; row < end; row++) { s0 += from_cell(x[row * cells + cell]); }
  partial[group.y * cells + cell] = to_wide((s0 + s1) + (s2 + s3));
}
