// kernels/cast.wgsl: f32 values as the activations are stored.
//
// Math       y = x, rounded
// Shapes     x, y [n], n a multiple of 4.
// Launch     one lane per four elements; the grid may be two-dimensional.
// Numerics   rounded once, to a neighbour; beyond 65,504 to an infinity.
// Source     mixed precision: Micikevicius et al. 2018, arXiv:1710.03740, section 3.1.

override WORKGROUP_SIZE: u32 = 256;

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<elem>>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= arrayLength(&x)) { return; }
  y[index] = vec4<elem>(x[index]);
}
