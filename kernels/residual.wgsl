// kernels/residual.wgsl: joins a scaled branch to its residual stream.
//
// Math       y = residual + γ·scale[sequence]·branch
// Shapes     y, residual, branch [rows, dim];  γ [dim];  scale [sequences];
//            sequence_of_token [rows].
// Launch     one element per lane.
// Numerics   f32, whatever the storage is.
// Source     Touvron et al. 2021, arXiv:2103.17239; Huang et al. 2016, arXiv:1603.09382.

override WORKGROUP_SIZE: u32 = 256;
override HAS_GAMMA: bool = true; // without it γ is 1, and the branch is bound in its place

struct Params { rows: u32, dim: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> residual: array<elem>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> sequence_of_token: array<u32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read> branch: array<elem>;
@group(0) @binding(6) var<storage, read_write> y: array<elem>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn join(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= params.rows * params.dim) { return; }
  let row = index / params.dim;
  var factor = scale[sequence_of_token[row]];
  if (HAS_GAMMA) { factor *= gamma[index - row * params.dim]; }
  y[index] = elem(fma(factor, f32(branch[index]), f32(residual[index])));
}
