// kernels/sgd.wgsl: stochastic gradient descent with momentum, each group of rows at its own rate.
//
// Math       v ← μ·v + g        p ← p − factor·lr[group]·v
// Shapes     values, velocity, grads [groups, size];  lr [groups];  factor [1].
// Launch     one lane per element: grid x and y within a group, z is the group, so that no lane has
//            to divide.
// Numerics   f32. Velocity holds no rate, as in torch, so a schedule changes the next step at once.
// Source     Sutskever et al. 2013, proceedings.mlr.press/v28/sutskever13.

override WORKGROUP_SIZE: u32 = 256;

struct Params { size: u32, momentum: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read> lr: array<f32>;
@group(0) @binding(3) var<storage, read> factor: array<f32, 1>;
@group(0) @binding(4) var<storage, read_write> values: array<f32>;
@group(0) @binding(5) var<storage, read_write> velocity: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
          @builtin(local_invocation_index) lane: u32) {
  let place = (group.y * groups.x + group.x) * WORKGROUP_SIZE + lane;
  if (place >= params.size) { return; }
  let index = group.z * params.size + place;
  let v = params.momentum * velocity[index] + grads[index];
  velocity[index] = v;
  values[index] -= factor[0] * lr[group.z] * v;
}
