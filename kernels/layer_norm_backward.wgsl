// kernels/layer_norm_backward.wgsl: all gradients of a LayerNorm in one pass over the rows.
//
// Math       as in layer_norm.wgsl, where this is backward_input and backward_params
// Shapes     as there;  partial [splits, 2·dim] = sums for (dγ, dβ); add_partials.wgsl adds them up.
// Launch     one workgroup per split of the rows, which it takes in turn; lanes stride over dim, and
//            a column's sums for dγ and dβ are one lane's alone. x and dy come from memory once.
// Numerics   f32 sums in a fixed order.
// Source     Ba, Kiros, Hinton 2016, arXiv:1607.06450.

import package::parts::elem::elem;
import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sums};

override HAS_ADD: bool = false; // without it add is 0, and dy is bound in its place
override HAS_SUBSET: bool = false; // without it every row takes part, and dy is bound in its place
// dim, where the sums for dγ and dβ fit workgroup memory; 1 where they grow in partial instead.
override SUMS: u32 = 1;

struct Params { rows: u32, dim: u32, splits: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
@group(0) @binding(2) var<storage, read> dy: array<elem>;
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read> subset: array<u32>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(6) var<storage, read> add: array<elem>;
@group(0) @binding(7) var<storage, read_write> dx: array<elem>;
@group(0) @binding(8) var<storage, read_write> partial: array<f32>;

var<workgroup> sums: array<vec2f, SUMS>;

// Adds to the sums of a column, for dγ and dβ.
fn add_to_sums(split: u32, col: u32, value: vec2f) {
  if (SUMS >= params.dim) { sums[col] += value; return; }
  let at = split * 2u * params.dim + col;
  partial[at] += value.x;
  partial[at + params.dim] += value.y;
}

fn store_sums(split: u32, col: u32, value: vec2f) {
  let at = split * 2u * params.dim + col;
  partial[at] = value.x;
  partial[at + params.dim] = value.y;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let split = group.x;
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.rows);
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    if (SUMS >= params.dim) { sums[col] = vec2f(); } else { store_sums(split, col, vec2f()); }
  }

  for (var row = split * rows_per_split; row < end; row++) {
    let start = row * params.dim;
    var x_start = start;
    if (HAS_SUBSET) { x_start = subset[2u * row] * params.dim; }
    let mean = stats[row].x;
    let rstd = stats[row].y;
    var sum = vec2f(); // Σ g, Σ g·x̂
    for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
      let d = f32(dy[start + col]);
      let normalized = (f32(x[x_start + col]) - mean) * rstd;
      sum += gamma[col] * d * vec2f(1.0, normalized);
      add_to_sums(split, col, d * vec2f(normalized, 1.0));
    }
    let means = workgroup_sums(lane, sum) / f32(params.dim);

    for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
      let g = gamma[col] * f32(dy[start + col]);
      let normalized = (f32(x[x_start + col]) - mean) * rstd;
      var value = rstd * (g - means.x - normalized * means.y);
      if (HAS_SUBSET) { value += f32(dx[x_start + col]); }
      if (HAS_ADD) { value += f32(add[start + col]); }
      dx[x_start + col] = elem(value);
    }
  }

  if (SUMS < params.dim) { return; }
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) { store_sums(split, col, sums[col]); }
}
