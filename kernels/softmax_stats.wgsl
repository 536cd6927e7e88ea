// kernels/softmax_stats.wgsl: log-sum-exp and entropy of each row of centred, sharpened logits.
//
// Math       z[k] = (logits[k] − center[k]) / temp    lse = log Σ_k exp(z[k])
//            t[k] = exp(z[k] − lse)                   entropy = −Σ_k t[k]·log t[k] = lse − Σ_k t[k]·z[k]
// Shapes     logits [rows, numPrototypes];  center [numPrototypes];  temp [1];
//            lse, entropy [rows].
// Launch     one workgroup per row, lanes stride over the prototypes, four at once; logits are read
//            once.
// Numerics   each lane keeps the max, Σ exp(z − max) and Σ exp(z − max)·(z − max), and rescales both
//            sums when the max grows, so exp never sees a positive number; pairs of lanes merge the
//            same way. f32 throughout.
// Source     online softmax: Milakov, Gimelshein 2018, arXiv:1805.02867.

import package::parts::elem::elem;
import package::parts::log_sum_exp::LOWEST;

override WORKGROUP_SIZE: u32 = 256; // power of two: the reduction halves it

struct Params { rows: u32, num_prototypes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<elem>;
@group(0) @binding(2) var<storage, read> center: array<f32>;
@group(0) @binding(3) var<storage, read> temp: array<f32>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;
@group(0) @binding(5) var<storage, read_write> entropy: array<f32>;

var<workgroup> partial: array<vec3f, WORKGROUP_SIZE>; // (max, sum, weighted sum)

// Takes the smaller max's sums to the greater one's: z − max falls by their distance.
fn merge(a: vec3f, b: vec3f) -> vec3f {
  let high = select(b, a, a.x >= b.x);
  let low = select(a, b, a.x >= b.x);
  let distance = high.x - low.x;
  let shrink = exp(-distance);
  let weighted = shrink * (low.z - distance * low.y);
  return vec3f(high.x, high.y + shrink * low.y, high.z + weighted);
}

// z of one prototype, as the sums of that one alone.
fn score_of(start: u32, k: u32, sharpness: f32) -> vec3f {
  return vec3f((f32(logits[start + k]) - center[k]) * sharpness, 1.0, 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let start = row * params.num_prototypes;
  let sharpness = 1.0 / temp[0];

  // Four prototypes together, so that a lane has as many loads on their way.
  let none = vec3f(LOWEST, 0.0, 0.0);
  var r0 = none; var r1 = none; var r2 = none; var r3 = none;
  var k = lane;
  for (; k + 3u * WORKGROUP_SIZE < params.num_prototypes; k += 4u * WORKGROUP_SIZE) {
    r0 = merge(r0, score_of(start, k, sharpness));
    r1 = merge(r1, score_of(start, k + WORKGROUP_SIZE, sharpness));
    r2 = merge(r2, score_of(start, k + 2u * WORKGROUP_SIZE, sharpness));
    r3 = merge(r3, score_of(start, k + 3u * WORKGROUP_SIZE, sharpness));
  }
  for (; k < params.num_prototypes; k += WORKGROUP_SIZE) {
    r0 = merge(r0, score_of(start, k, sharpness));
  }

  partial[lane] = merge(merge(r0, r1), merge(r2, r3));
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) { partial[lane] = merge(partial[lane], partial[lane + stride]); }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let total = partial[0];
    lse[row] = total.x + log(total.y);
    entropy[row] = log(total.y) - total.z / total.y;
  }
}
