// kernels/layer_norm.wgsl: LayerNorm over the last axis.
//
// Math       μ = mean(x)    r = 1/√(mean((x − μ)²) + ε)    x̂ = (x − μ)·r
//            forward           y  = γ·x̂ + β
//            backward_input    dx = add + r·(g − mean(g) − x̂·mean(g·x̂)),  g = γ·dy
//            backward_params   dγ += Σ_rows dy·x̂,   dβ += Σ_rows dy
//            With a subset, row i of y and dy is of row subset[i, 0] of x, and what is dx above
//            adds into that row of dx; no other row of x or dx is touched.
// Shapes     y, dy, add [rows, dim];  x, dx too, [tokens, dim] with a subset [tokens, 2];
//            γ, β, dγ, dβ [dim];  stats [rows, 2] = (μ, r);
//            partial [splits, 2·dim] = sums for (dγ, dβ); add_partials.wgsl adds them up.
// Launch     forward, backward_input: one workgroup per row, lanes stride over dim.
//            backward_params: partial_sums, one column and one split of the rows per lane.
// Numerics   f32 sums; μ before the variance, so a large offset does not cancel. Sums over rows
//            run in four, so that a lane has four loads on their way.
// Source     Ba, Kiros, Hinton 2016, arXiv:1607.06450.

import package::parts::elem::elem;
import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sum, workgroup_sums};

override HAS_ADD: bool = false; // without it add is 0, and dy is bound in its place
override HAS_SUBSET: bool = false; // without it every row takes part, and x is bound in its place

struct Params { rows: u32, dim: u32, splits: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
// forward
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read> subset: array<u32>; // in partial_sums too
@group(0) @binding(5) var<storage, read_write> y: array<elem>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;
// backward_input, partial_sums
@group(0) @binding(2) var<storage, read> dy: array<elem>;
@group(0) @binding(3) var<storage, read> saved: array<vec2f>; // stats
@group(0) @binding(5) var<storage, read> scale: array<f32>; // γ
@group(0) @binding(6) var<storage, read> add: array<elem>;
@group(0) @binding(7) var<storage, read_write> dx: array<elem>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;

/// The row of x that row i of y is of.
fn x_row(row: u32) -> u32 {
  if (HAS_SUBSET) { return subset[2u * row]; }
  return row;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x; // 2-D grid: rows may pass 65 535
  if (row >= params.rows) { return; }
  let start = row * params.dim;
  let x_start = x_row(row) * params.dim;

  var sum = 0.0;
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) { sum += f32(x[x_start + col]); }
  let mean = workgroup_sum(lane, sum) / f32(params.dim);

  var sum_sq = 0.0;
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    let centered = f32(x[x_start + col]) - mean;
    sum_sq += centered * centered;
  }
  let variance = workgroup_sum(lane, sum_sq) / f32(params.dim);
  let rstd = inverseSqrt(variance + params.eps);

  if (lane == 0u) { stats[row] = vec2f(mean, rstd); }
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    y[start + col] = elem(gamma[col] * (f32(x[x_start + col]) - mean) * rstd + beta[col]);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let start = row * params.dim;
  let x_start = x_row(row) * params.dim;
  let mean = saved[row].x;
  let rstd = saved[row].y;

  var sum = vec2f(); // Σ g, Σ g·x̂
  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    let g = scale[col] * f32(dy[start + col]);
    sum += vec2f(g, g * (f32(x[x_start + col]) - mean) * rstd);
  }
  let means = workgroup_sums(lane, sum) / f32(params.dim);

  for (var col = lane; col < params.dim; col += WORKGROUP_SIZE) {
    let g = scale[col] * f32(dy[start + col]);
    let normalized = (f32(x[x_start + col]) - mean) * rstd;
    var value = rstd * (g - means.x - normalized * means.y);
    if (HAS_SUBSET) { value += f32(dx[x_start + col]); }
    if (HAS_ADD) { value += f32(add[start + col]); }
    dx[x_start + col] = elem(value);
  }
}

// What one element of dy adds to dγ and dβ.
fn terms_of(row: u32, col: u32) -> vec2f {
  let d = f32(dy[row * params.dim + col]);
  let row_stats = saved[row];
  return vec2f(d * (f32(x[x_row(row) * params.dim + col]) - row_stats.x) * row_stats.y, d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * WORKGROUP_SIZE + lane;
  let split = group.y;
  if (col >= params.dim) { return; }
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.rows);
  var s0 = vec2f(); var s1 = vec2f(); var s2 = vec2f(); var s3 = vec2f();
  var row = split * rows_per_split;
  for (; row + 3u < end; row += 4u) {
    s0 += terms_of(row, col);
    s1 += terms_of(row + 1u, col);
    s2 += terms_of(row + 2u, col);
    s3 += terms_of(row + 3u, col);
  }
  for (; row < end; row++) { s0 += terms_of(row, col); }
  let sum = (s0 + s1) + (s2 + s3);
  partial[split * 2u * params.dim + col] = sum.x;
  partial[(split * 2u + 1u) * params.dim + col] = sum.y;
}
