// kernels/parts/log_sum_exp.wgsl: log Σ exp(z) of numbers that come one by one.
//
// Math       of some numbers z: their maximum m, and Σ exp(z − m).
// Numerics   f32. exp never sees a positive number; pairs of lanes merge in a tree of fixed order.
// Source     online softmax: Milakov, Gimelshein 2018, arXiv:1805.02867.

import package::parts::workgroup_sum::WORKGROUP_SIZE;

const LOWEST = -1e30; // below every logit; no infinity, nor one when exp scales it to a power of 2

var<workgroup> partial_logs: array<vec2f, WORKGROUP_SIZE>;

// Of no number at all.
fn nothing() -> vec2f { return vec2f(LOWEST, 0.0); }

fn merge(a: vec2f, b: vec2f) -> vec2f {
  let shrink = exp(-abs(a.x - b.x));
  if (a.x >= b.x) { return vec2f(a.x, a.y + b.y * shrink); }
  return vec2f(b.x, a.y * shrink + b.y);
}

// log Σ exp(z) over all lanes; by every lane, each of which gets it.
fn workgroup_log_sum_exp(lane: u32, of_lane: vec2f) -> f32 {
  partial_logs[lane] = of_lane;
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) { partial_logs[lane] = merge(partial_logs[lane], partial_logs[lane + stride]); }
    workgroupBarrier();
  }
  let total = workgroupUniformLoad(&partial_logs[0]);
  return total.x + log(total.y);
}
