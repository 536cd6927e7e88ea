// kernels/add.wgsl: adds one tensor to another, element by element.
//
// Math       y += x
// Shapes     x, y [n], any shape.
// Launch     one lane per element; the grid may be two-dimensional.
// Numerics   one f32 addition.
// Source     elementary.

override WORKGROUP_SIZE: u32 = 256;

struct Params { count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (index >= params.count) { return; }
  y[index] += x[index];
}
