// kernels/class_attention.wgsl: how much one token of each sequence attends to every other.
//
// Math       s[j] = scale·q[0]·k[j]    weights[j] = exp(s[j] − max s) / Σ_j exp(s[j] − max s)
// Shapes     qkv [S·N, 3, heads, head_dim];  weights [S, heads, N]. Token 0 is the class token.
// Launch     one workgroup per sequence and head, lanes stride over the N keys.
// Numerics   f32 sums; the maximum is subtracted before exp. The scores are kept in `weights` on
//            the way, each read again by the lane that wrote it.
// Source     what Caron et al. 2021, arXiv:2104.14294, draw of the last block.

import package::parts::elem::elem;
import package::parts::workgroup_sum::{WORKGROUP_SIZE, workgroup_sum};

override HEAD_DIM: u32 = 64;

const LOWEST = -3.4e38;

struct Params { rows: u32, tokens: u32, heads: u32, scale: f32 } // rows: S·heads, tokens: N

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<elem>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;

var<workgroup> query: array<f32, HEAD_DIM>;
var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

fn workgroup_max(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP_SIZE / 2u; stride > 0u; stride >>= 1u) {
    if (lane < stride) { partial[lane] = max(partial[lane], partial[lane + stride]); }
    workgroupBarrier();
  }
  return workgroupUniformLoad(&partial[0]);
}

/// Where a head of q (part 0) or k (part 1) of a token begins.
fn head_start(part: u32, token: u32, head: u32) -> u32 {
  return ((token * 3u + part) * params.heads + head) * HEAD_DIM;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x; // 2-D grid: rows may pass 65 535
  if (row >= params.rows) { return; }
  let first = row / params.heads * params.tokens;
  let head = row % params.heads;
  let start = row * params.tokens;

  for (var col = lane; col < HEAD_DIM; col += WORKGROUP_SIZE) {
    query[col] = f32(qkv[head_start(0u, first, head) + col]);
  }
  workgroupBarrier();

  var highest = LOWEST;
  for (var key = lane; key < params.tokens; key += WORKGROUP_SIZE) {
    let at = head_start(1u, first + key, head);
    var score = 0.0;
    for (var col = 0u; col < HEAD_DIM; col++) { score += query[col] * f32(qkv[at + col]); }
    score *= params.scale;
    weights[start + key] = score;
    highest = max(highest, score);
  }
  highest = workgroup_max(lane, highest);

  var sum = 0.0;
  for (var key = lane; key < params.tokens; key += WORKGROUP_SIZE) {
    let weight = exp(weights[start + key] - highest);
    weights[start + key] = weight;
    sum += weight;
  }
  sum = workgroup_sum(lane, sum);

  for (var key = lane; key < params.tokens; key += WORKGROUP_SIZE) {
    weights[start + key] /= sum;
  }
}
