// kernels/parts/four_rows.wgsl: eight neighbours of each of four rows, and what lanes exchange of them.
//
// Shapes     of numbers for each of four rows, a vec4f has one for each.
// Launch     by subgroups of 8 lanes; values are wide, as parts/cells.wgsl has them.
// Numerics   f32; over lanes a tree, the same in each of them.

import package::parts::cells::{Value, times};

// Eight neighbours of each of four rows.
struct Four { r0: Value, r1: Value, r2: Value, r3: Value }

fn sum_of(v: Value) -> f32 {
  let s = v[0] + v[1];
  return (s.x + s.y) + (s.z + s.w);
}

fn sums_of(v: Four) -> vec4f { return vec4f(sum_of(v.r0), sum_of(v.r1), sum_of(v.r2), sum_of(v.r3)); }

// (x − mean)·rstd: a large mean leaves before anything is rounded.
fn normalize(x: Value, mean: f32, rstd: f32) -> Value {
  return Value(x[0] - mean, x[1] - mean) * rstd;
}

fn normalize_rows(v: Four, mean: vec4f, rstd: vec4f) -> Four {
  return Four(normalize(v.r0, mean.x, rstd.x), normalize(v.r1, mean.y, rstd.y),
              normalize(v.r2, mean.z, rstd.z), normalize(v.r3, mean.w, rstd.w));
}

fn products(a: Four, b: Four) -> Four {
  return Four(times(a.r0, b.r0), times(a.r1, b.r1), times(a.r2, b.r2), times(a.r3, b.r3));
}

fn scaled(v: Four, by: Value) -> Four { return products(v, Four(by, by, by, by)); }

// What each of the first four lanes holds, for all lanes.
fn of_four_lanes(held: f32) -> vec4f {
  return vec4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u),
               subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
}

// Sums over all lanes.
fn lane_sum(value: vec4f, lane: u32) -> vec4f {
  var sum = value + subgroupShuffle(value, lane ^ 1u);
  sum += subgroupShuffle(sum, lane ^ 2u);
  return sum + subgroupShuffle(sum, lane ^ 4u);
}
