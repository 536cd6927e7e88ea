// kernels/layer_scale.wgsl: backward of a residual branch's scales (forward is in the linear layer).
//
// Math       forward           y[t] = residual[t] + γ·factor·branch[row],  (t, factor) = subset[row]
//            backward          dbranch[row] = γ·factor·dy[t]
//                              dγ += Σ_rows factor·dy[t]·branch[row],   dβ += Σ_rows dbranch[row],
//                              β the bias that the branch ends with
// Shapes     branch, dbranch [rows, dim];  dy [tokens, dim], [rows, dim] without a subset;
//            subset [tokens, 2] = (token, bits of its factor), the first rows of which are the
//            branch's;  γ [dim];  partial [splits, 2·dim] = sums for (dγ, dβ), [splits, dim] for dβ
//            alone without γ; add_partials.wgsl adds them up.
// Launch     one cell (parts/cells.wgsl) of one split of the rows per lane: what is read once gives
//            all three.
// Numerics   f32 sums in a fixed order, of what dbranch is before it is rounded; four rows at once,
//            so that a lane has as many loads on their way.
// Source     Touvron et al. 2021, arXiv:2103.17239; Huang et al. 2016, arXiv:1603.09382.

import package::parts::cells::{
  CELL, Cell, Value, WideCell, from_cell, from_wide, times, to_cell, to_wide
};

override WORKGROUP_SIZE: u32 = 64;
override HAS_GAMMA: bool = true; // without it γ is 1, and dy is bound in its and the branch's place
override HAS_SUBSET: bool = true; // without it all rows take part, unscaled, and dy is bound

struct Params { rows: u32, dim: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<Cell>;
@group(0) @binding(2) var<storage, read> subset: array<u32>;
@group(0) @binding(3) var<storage, read> gamma: array<WideCell>;
@group(0) @binding(4) var<storage, read> branch: array<Cell>;
@group(0) @binding(5) var<storage, read_write> dbranch: array<Cell>;
@group(0) @binding(6) var<storage, read_write> partial: array<WideCell>;

// dy of a row of the branch, as the branch's factor scales it.
fn scaled_dy(row: u32, cell: u32) -> Value {
  let cells = params.dim / CELL;
  if (!HAS_SUBSET) { return from_cell(dy[row * cells + cell]); }
  let factor = bitcast<f32>(subset[2u * row + 1u]);
  return from_cell(dy[subset[2u * row] * cells + cell]) * factor;
}

// What a row adds to dγ and dβ.
struct Terms { dgamma: Value, dbeta: Value }

// Writes one cell of dbranch.
fn terms_of(row: u32, cell: u32, scale: Value) -> Terms {
  let d = scaled_dy(row, cell);
  let at = row * (params.dim / CELL) + cell;
  if (!HAS_GAMMA) {
    dbranch[at] = to_cell(d);
    return Terms(Value(), d);
  }
  let scaled = times(scale, d);
  dbranch[at] = to_cell(scaled);
  return Terms(times(d, from_cell(branch[at])), scaled);
}

fn sum_of(a: Terms, b: Terms) -> Terms { return Terms(a.dgamma + b.dgamma, a.dbeta + b.dbeta); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let cells = params.dim / CELL;
  let cell = group.x * WORKGROUP_SIZE + lane;
  let split = group.y;
  if (cell >= cells) { return; }
  var scale = Value();
  if (HAS_GAMMA) { scale = from_wide(gamma[cell]); }
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.rows);
  var s0 = Terms(); var s1 = Terms(); var s2 = Terms(); var s3 = Terms();
  var row = split * rows_per_split;
  for (; row + 3u < end; row += 4u) {
    s0 = sum_of(s0, terms_of(row, cell, scale));
    s1 = sum_of(s1, terms_of(row + 1u, cell, scale));
    s2 = sum_of(s2, terms_of(row + 2u, cell, scale));
    s3 = sum_of(s3, terms_of(row + 3u, cell, scale));
  }
  for (; row < end; row++) { s0 = sum_of(s0, terms_of(row, cell, scale)); }
  let sum = sum_of(sum_of(s0, s1), sum_of(s2, s3));
  if (HAS_GAMMA) {
    partial[split * 2u * cells + cell] = to_wide(sum.dgamma);
    partial[(split * 2u + 1u) * cells + cell] = to_wide(sum.dbeta);
  } else {
    partial[split * cells + cell] = to_wide(sum.dbeta);
  }
}
