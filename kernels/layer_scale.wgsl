// kernels/layer_scale.wgsl: backward of a residual branch's scales (forward is in the linear layer).
//
// Math       forward           y[t] = residual[t] + γ·factor·branch[row],  (t, factor) = subset[row]
//            backward_input    dbranch[row] = γ·factor·dy[t]
//            backward_params   dγ += Σ_rows dy[t]·factor·branch[row]
// Shapes     branch, dbranch [rows, dim];  dy [tokens, dim], [rows, dim] without a subset;
//            subset [tokens, 2] = (token, bits of its factor), the first rows of which are the
//            branch's;  γ, dγ [dim];  partial [splits, dim], splits a multiple of 4.
// Launch     backward_input: one element per lane. backward_params: partial_sums, one column and
//            one split of the rows per lane; then add_partials, one column per lane.
// Numerics   f32 sums over one split, then over the splits: always the same order. Four running
//            sums each, so that a lane has four loads on their way.
// Source     Touvron et al. 2021, arXiv:2103.17239; Huang et al. 2016, arXiv:1603.09382.

override WORKGROUP_SIZE: u32 = 256;
override HAS_GAMMA: bool = true; // without it γ is 1, and dy is bound in its place
override HAS_SUBSET: bool = true; // without it all rows take part, unscaled, and dy is bound

struct Params { rows: u32, dim: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<elem>;
@group(0) @binding(2) var<storage, read> subset: array<u32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> branch: array<elem>;
@group(0) @binding(4) var<storage, read_write> dbranch: array<elem>;
@group(0) @binding(4) var<storage, read_write> partial: array<f32>;
@group(0) @binding(1) var<storage, read> partial_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> dgamma: array<f32>;

// dy of a row of the branch, as the branch's factor scales it.
fn scaled_dy(row: u32, col: u32) -> f32 {
  if (!HAS_SUBSET) { return f32(dy[row * params.dim + col]); }
  return bitcast<f32>(subset[2u * row + 1u]) * f32(dy[subset[2u * row] * params.dim + col]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= params.rows * params.dim) { return; }
  let row = index / params.dim;
  let col = index - row * params.dim;
  var value = scaled_dy(row, col);
  if (HAS_GAMMA) { value *= gamma[col]; }
  dbranch[index] = elem(value);
}

// What one element of dy adds to dγ.
fn term_of(row: u32, col: u32) -> f32 {
  return scaled_dy(row, col) * f32(branch[row * params.dim + col]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * WORKGROUP_SIZE + lane;
  let split = group.y;
  if (col >= params.dim) { return; }
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((split + 1u) * rows_per_split, params.rows);
  var sums = vec4f();
  var row = split * rows_per_split;
  for (; row + 3u < end; row += 4u) {
    sums += vec4f(term_of(row, col), term_of(row + 1u, col), term_of(row + 2u, col),
                  term_of(row + 3u, col));
  }
  for (; row < end; row++) { sums.x += term_of(row, col); }
  partial[split * params.dim + col] = (sums.x + sums.y) + (sums.z + sums.w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn add_partials(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * WORKGROUP_SIZE + lane;
  if (col >= params.dim) { return; }
  let dim = params.dim;
  var sums = vec4f();
  for (var split = 0u; split < params.splits; split += 4u) {
    let at = split * dim + col;
    sums += vec4f(partial_in[at], partial_in[at + dim], partial_in[at + 2u * dim],
                  partial_in[at + 3u * dim]);
  }
  dgamma[col] += (sums.x + sums.y) + (sums.z + sums.w);
}
