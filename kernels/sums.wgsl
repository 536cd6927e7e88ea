// kernels/sums.wgsl: scaled sums of a short vector in two classes, for the metrics of a step.
//
// Math       out[slot]     += scale · Σ x[i] where i mod period < head
//            out[slot + 1] += scale · Σ x[i] elsewhere (only where head < period)
// Shapes     x [count];  out [slots].
// Launch     one workgroup: the vectors hold losses per row, not activations.
// Numerics   f32 partial sums per lane, then a tree.
// Source     elementary.

import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sums};

struct Params { count: u32, period: u32, head: u32, slot: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(local_invocation_index) lane: u32) {
  var sum = vec2f();
  for (var i = lane; i < params.count; i += WORKGROUP_SIZE) {
    sum += select(vec2f(0.0, x[i]), vec2f(x[i], 0.0), i % params.period < params.head);
  }
  let total = workgroup_sums(lane, sum);
  if (lane > 0u) { return; }
  out[params.slot] += params.scale * total.x;
  if (params.head < params.period) { out[params.slot + 1u] += params.scale * total.y; }
}
