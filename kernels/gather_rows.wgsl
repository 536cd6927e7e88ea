// kernels/gather_rows.wgsl: picks rows out of a matrix, and adds rows into one.
//
// Math       forward           y[i] = x[indices[i]],  0 where indices[i] names no row
//            backward_input    dx[indices[i]] += dy[i],  skipped where indices[i] names no row
// Shapes     x, dx [numTokens, dim];  indices [rows], 0xffffffff for none;  y, dy [rows, dim].
// Launch     one lane per element of y or dy.
// Numerics   indices are unique within a call: each element of dx has one owner, no atomics.
// Source     class tokens and masked patches of the packed tokens.

override WORKGROUP_SIZE: u32 = 256;

struct Params { rows: u32, dim: u32, num_tokens: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<elem>;

@group(0) @binding(1) var<storage, read> dy: array<elem>;
@group(0) @binding(3) var<storage, read_write> dx: array<elem>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (at >= params.rows * params.dim) { return; }
  let token = indices[at / params.dim];
  var value = elem(0.0);
  if (token < params.num_tokens) { value = x[token * params.dim + at % params.dim]; }
  y[at] = value;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (at >= params.rows * params.dim) { return; }
  let token = indices[at / params.dim];
  if (token >= params.num_tokens) { return; }
  dx[token * params.dim + at % params.dim] += dy[at];
}
