// kernels/grad_norm.wgsl: L2 norm of all gradients together, and the factor that clips them.
//
// Math       norm = √(Σ g²)    clip = min(1, max_norm / (norm + 1e-6))
// Shapes     grads [count], one dispatch per buffer;  partials [partial_count];
//            result [2] = (norm, clip).
// Launch     sum_squares: one partial sum per workgroup of 256 lanes x 64 elements.
//            finish: one workgroup over all partial sums.
// Numerics   f32 in four levels (16 terms, 4, 256 lanes, partials), each short, in fixed order:
//            the relative error stays near 1e-7 for any count. The squares of gradients above
//            1e19 overflow: the norm is then infinite, and says so.
// Source     Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063; eps as in torch.

import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sum};

const PER_LANE = 64u;

struct Params { count: u32, first_partial: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_squares(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
               @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  let start = index * WORKGROUP_SIZE * PER_LANE;
  if (start >= params.count) { return; }
  let end = min(start + WORKGROUP_SIZE * PER_LANE, params.count);
  var sum = vec4f();
  var at = start + lane;
  for (; at + 3u * WORKGROUP_SIZE < end; at += 4u * WORKGROUP_SIZE) {
    let g = vec4f(grads[at], grads[at + WORKGROUP_SIZE],
                  grads[at + 2u * WORKGROUP_SIZE], grads[at + 3u * WORKGROUP_SIZE]);
    sum += g * g;
  }
  for (; at < end; at += WORKGROUP_SIZE) { sum.x += grads[at] * grads[at]; } // the tail of a buffer
  let total = workgroup_sum(lane, (sum.x + sum.y) + (sum.z + sum.w));
  if (lane == 0u) { partials[params.first_partial + index] = total; }
}

struct FinishParams { partial_count: u32, max_norm: f32 }

@group(0) @binding(0) var<uniform> finish_params: FinishParams;
@group(0) @binding(1) var<storage, read> finished: array<f32>; // the partials
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < finish_params.partial_count; i += WORKGROUP_SIZE) { sum += finished[i]; }
  let norm = sqrt(workgroup_sum(lane, sum));
  if (lane == 0u) {
    result[0] = norm;
    result[1] = min(1.0, finish_params.max_norm / (norm + 1e-6));
  }
}
