// kernels/layer_scale.wgsl: backward of a residual branch's scales (forward is in the linear layer).
//
// Math       forward           y = residual + γ·scale[sequence]·branch
//            backward_input    dbranch = γ·scale[sequence]·dy
//            backward_params   dγ += Σ_rows dy·scale[sequence]·branch
// Shapes     dy, branch, dbranch [rows, dim];  γ, dγ [dim];  sequence_of_token [rows];
//            scale [sequences];  partial [splits, dim], splits a multiple of 4.
// Launch     backward_input: one element per lane. backward_params: partial_sums, one column and
//            one split of the rows per lane; then add_partials, one column per lane.
// Numerics   f32 sums over one split, then over the splits: always the same order. Four running
//            sums each, so that a lane has four loads on their way.
// Source     Touvron et al. 2021, arXiv:2103.17239; Huang et al. 2016, arXiv:1603.09382.

override WORKGROUP_SIZE: u32 = 256;
override HAS_GAMMA: bool = true; // without it γ is 1, and dy is bound in its place
override HAS_SCALE: bool = true; // without it scale is 1, and dy is bound in its place

struct Params { rows: u32, dim: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<elem>;
@group(0) @binding(2) var<storage, read> sequence_of_token: array<u32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> branch: array<elem>;
@group(0) @binding(5) var<storage, read_write> dbranch: array<elem>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
@group(0) @binding(1) var<storage, read> partial_in: array<f32>;
@group(0) @binding(2) var<storage, read_write> dgamma: array<f32>;

fn scale_of(row: u32) -> f32 {
  if (HAS_SCALE) { return scale[sequence_of_token[row]]; }
  return 1.0;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= params.rows * params.dim) { return; }
  let row = index / params.dim;
  var factor = scale_of(row);
  if (HAS_GAMMA) { factor *= gamma[index - row * params.dim]; }
  dbranch[index] = elem(factor * f32(dy[index]));
}

// What one element of dy adds to dγ.
fn term_of(row: u32, col: u32) -> f32 {
  let index = row * params.dim + col;
  return scale_of(row) * f32(dy[index]) * f32(branch[index]);
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
