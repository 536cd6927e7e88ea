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
// Launch     one column of one split of the rows per lane: what is read once gives all three.
// Numerics   f32 sums in a fixed order, of what dbranch is before it is rounded; four rows at once,
//            so that a lane has as many loads on their way.
// Source     Touvron et al. 2021, arXiv:2103.17239; Huang et al. 2016, arXiv:1603.09382.

override WORKGROUP_SIZE: u32 = 64;
override HAS_GAMMA: bool = true; // without it γ is 1, and dy is bound in its and the branch's place
override HAS_SUBSET: bool = true; // without it all rows take part, unscaled, and dy is bound

struct Params { rows: u32, dim: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<elem>;
@group(0) @binding(2) var<storage, read> subset: array<u32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> branch: array<elem>;
@group(0) @binding(5) var<storage, read_write> dbranch: array<elem>;
@group(0) @binding(6) var<storage, read_write> partial: array<f32>;

// dy of a row of the branch, as the branch's factor scales it.
fn scaled_dy(row: u32, col: u32) -> f32 {
  if (!HAS_SUBSET) { return f32(dy[row * params.dim + col]); }
  return bitcast<f32>(subset[2u * row + 1u]) * f32(dy[subset[2u * row] * params.dim + col]);
}

/// Writes one element of dbranch; returns what it adds to dγ and dβ.
fn terms_of(row: u32, col: u32, scale: f32) -> vec2f {
  let d = scaled_dy(row, col);
  let index = row * params.dim + col;
  dbranch[index] = elem(scale * d);
  if (!HAS_GAMMA) { return vec2f(0.0, d); }
  return vec2f(d * f32(branch[index]), scale * d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * WORKGROUP_SIZE + lane;
  let split = group.y;
  if (col >= params.dim) { return; }
  var scale = 1.0;
  if (HAS_GAMMA) { scale = gamma[col]; }
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.rows);
  var s0 = vec2f(); var s1 = vec2f(); var s2 = vec2f(); var s3 = vec2f();
  var row = split * rows_per_split;
  for (; row + 3u < end; row += 4u) {
    s0 += terms_of(row, col, scale);
    s1 += terms_of(row + 1u, col, scale);
    s2 += terms_of(row + 2u, col, scale);
    s3 += terms_of(row + 3u, col, scale);
  }
  for (; row < end; row++) { s0 += terms_of(row, col, scale); }
  let sum = (s0 + s1) + (s2 + s3);
  if (HAS_GAMMA) {
    partial[split * 2u * params.dim + col] = sum.x;
    partial[(split * 2u + 1u) * params.dim + col] = sum.y;
  } else {
    partial[split * params.dim + col] = sum.y;
  }
}
