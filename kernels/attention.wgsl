// kernels/attention.wgsl: multi-head self-attention inside each packed sequence, forward.
//
// Math       s = q·kᵀ/√head_dim   lse = ln Σ_keys eˢ   out = Σ_keys e^(s − lse)·v
// Shapes     qkv [T, 3·D]: all q, then all k, then all v; inside each, head after head;
//            out [T, D];  lse [T, heads];  tiles: (first row, sequence start, sequence end, 0).
// Launch     one workgroup per tile of ROWS queries and head, 8 × ROW_GROUPS lanes. Keys and
//            values pass through workgroup memory, KEYS at a time. A lane owns 4 rows: of the
//            scores, the keys lane_x + 8·i; of out, the 4-vectors lane_x + 8·slot.
// Numerics   online softmax in f32: running maximum, sums rescaled when it rises.
// Source     Dao et al. 2022, arXiv:2205.14135; Dao 2023, arXiv:2307.08691.

import package::parts::elem::elem;

override HEAD_DIM: u32 = 64; // with `vectors` a multiple of 4
override ROW_GROUPS: u32 = 8; // 4 rows each
override KEYS_PER_LANE: u32 = 2; // 1, 2 or 4
override ROWS: u32 = 4u * ROW_GROUPS;
override KEYS: u32 = 8u * KEYS_PER_LANE;
override LANES: u32 = 8u * ROW_GROUPS;
override VECS: u32 = (HEAD_DIM + 3u) / 4u;
override STRIDE: u32 = VECS | 1u; // odd: 8 lanes reading 8 rows meet 8 different banks

const LOWEST = -1e30; // below every score; no infinity, which a compiler may assume away

struct Params { tiles: u32, heads: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@if(vectors) @group(0) @binding(1) var<storage, read> qkv: array<vec4<elem>>;
@else @group(0) @binding(1) var<storage, read> qkv: array<elem>;
@group(0) @binding(2) var<storage, read> tiles: array<vec4u>;
@if(vectors) @group(0) @binding(3) var<storage, read_write> out: array<vec4<elem>>;
@else @group(0) @binding(3) var<storage, read_write> out: array<elem>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

var<workgroup> queries: array<vec4f, ROWS * STRIDE>;
var<workgroup> stage: array<vec4f, KEYS * STRIDE>; // keys, then values
var<workgroup> weights: array<vec4f, KEYS * ROW_GROUPS>; // e^(s − max): [key, row group] of 4 rows
var<workgroup> partial: array<vec4f, LANES>;

/// Four numbers of one head of q (part 0), k (1) or v (2); zeros past the head's end.
@if(vectors)
fn read4(part: u32, token: u32, head: u32, vec: u32) -> vec4f {
  return vec4f(qkv[((token * 3u + part) * params.heads + head) * VECS + vec]);
}
@else
fn read4(part: u32, token: u32, head: u32, vec: u32) -> vec4f {
  let col = vec * 4u;
  let at = ((token * 3u + part) * params.heads + head) * HEAD_DIM + col;
  var value = vec4f(f32(qkv[at]), 0.0, 0.0, 0.0);
  if (col + 1u < HEAD_DIM) { value.y = f32(qkv[at + 1u]); }
  if (col + 2u < HEAD_DIM) { value.z = f32(qkv[at + 2u]); }
  if (col + 3u < HEAD_DIM) { value.w = f32(qkv[at + 3u]); }
  return value;
}

fn stage_part(part: u32, head: u32, first: u32, end: u32, lane: u32) {
  for (var i = lane; i < KEYS * VECS; i += LANES) {
    let row = i / VECS;
    let vec = i - row * VECS;
    var value = vec4f();
    if (first + row < end) { value = read4(part, first + row, head, vec); }
    stage[row * STRIDE + vec] = value;
  }
}

fn outer(row_weights: vec4f, value: vec4f) -> mat4x4f {
  return mat4x4f(row_weights.x * value, row_weights.y * value,
                 row_weights.z * value, row_weights.w * value);
}

fn scale_rows(rows: mat4x4f, by: vec4f) -> mat4x4f {
  return mat4x4f(rows[0] * by.x, rows[1] * by.y, rows[2] * by.z, rows[3] * by.w);
}

@if(vectors)
fn write_vec(token: u32, head: u32, vec: u32, value: vec4f) {
  if (vec < VECS) { out[(token * params.heads + head) * VECS + vec] = vec4<elem>(value); }
}
@else
fn write_vec(token: u32, head: u32, vec: u32, value: vec4f) {
  let col = vec * 4u;
  let at = (token * params.heads + head) * HEAD_DIM + col;
  if (col < HEAD_DIM) { out[at] = elem(value.x); }
  if (col + 1u < HEAD_DIM) { out[at + 1u] = elem(value.y); }
  if (col + 2u < HEAD_DIM) { out[at + 2u] = elem(value.z); }
  if (col + 3u < HEAD_DIM) { out[at + 3u] = elem(value.w); }
}

fn write_rows(row: u32, end: u32, head: u32, vec: u32, rows: mat4x4f) {
  if (row < end) { write_vec(row, head, vec, rows[0]); }
  if (row + 1u < end) { write_vec(row + 1u, head, vec, rows[1]); }
  if (row + 2u < end) { write_vec(row + 2u, head, vec, rows[2]); }
  if (row + 3u < end) { write_vec(row + 3u, head, vec, rows[3]); }
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.tiles * params.heads) { return; }
  let tile = tiles[index / params.heads];
  let head = index % params.heads;
  let end = tile.z;
  let lane_x = lane % 8u;
  let lane_y = lane / 8u;

  for (var i = lane; i < ROWS * VECS; i += LANES) {
    let row = i / VECS;
    let vec = i - row * VECS;
    var value = vec4f();
    if (tile.x + row < end) { value = params.scale * read4(0u, tile.x + row, head, vec); }
    queries[row * STRIDE + vec] = value;
  }

  var row_max = vec4f(LOWEST);
  var row_sum = vec4f(); // over this lane's keys only, until the end
  var o0 = mat4x4f(); // a column of these matrices is one of the lane's 4 rows
  var o1 = mat4x4f();
  var o2 = mat4x4f();
  var o3 = mat4x4f();
  let q_at = lane_y * 4u * STRIDE;

  for (var first = tile.y; first < end; first += KEYS) {
    stage_part(1u, head, first, end, lane);
    workgroupBarrier();
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    for (var vec = 0u; vec < VECS; vec++) {
      let at = q_at + vec;
      let q = mat4x4f(queries[at], queries[at + STRIDE], queries[at + 2u * STRIDE],
                      queries[at + 3u * STRIDE]);
      let key_at = lane_x * STRIDE + vec;
      s0 += stage[key_at] * q;
      if (KEYS_PER_LANE > 1u) { s1 += stage[key_at + 8u * STRIDE] * q; }
      if (KEYS_PER_LANE > 2u) {
        s2 += stage[key_at + 16u * STRIDE] * q;
        s3 += stage[key_at + 24u * STRIDE] * q;
      }
    }
    let key = first + lane_x;
    if (key >= end) { s0 = vec4f(LOWEST); }
    if (key + 8u >= end || KEYS_PER_LANE < 2u) { s1 = vec4f(LOWEST); }
    if (key + 16u >= end || KEYS_PER_LANE < 4u) { s2 = vec4f(LOWEST); }
    if (key + 24u >= end || KEYS_PER_LANE < 4u) { s3 = vec4f(LOWEST); }

    partial[lane] = max(max(s0, s1), max(s2, s3));
    workgroupBarrier(); // the keys are read: values may take their place
    var next_max = row_max;
    for (var i = 0u; i < 8u; i++) { next_max = max(next_max, partial[lane_y * 8u + i]); }
    let shrink = exp(row_max - next_max);
    row_max = next_max;
    s0 = exp(s0 - row_max);
    s1 = exp(s1 - row_max);
    s2 = exp(s2 - row_max);
    s3 = exp(s3 - row_max);
    row_sum = row_sum * shrink + (s0 + s1) + (s2 + s3);
    let weight_at = lane_x * ROW_GROUPS + lane_y;
    weights[weight_at] = s0;
    if (KEYS_PER_LANE > 1u) { weights[weight_at + 8u * ROW_GROUPS] = s1; }
    if (KEYS_PER_LANE > 2u) {
      weights[weight_at + 16u * ROW_GROUPS] = s2;
      weights[weight_at + 24u * ROW_GROUPS] = s3;
    }
    stage_part(2u, head, first, end, lane);
    workgroupBarrier();

    o0 = scale_rows(o0, shrink);
    if (VECS > 8u) { o1 = scale_rows(o1, shrink); }
    if (VECS > 16u) { o2 = scale_rows(o2, shrink); }
    if (VECS > 24u) { o3 = scale_rows(o3, shrink); }
    for (var col = 0u; col < KEYS; col++) {
      let w = weights[col * ROW_GROUPS + lane_y];
      let at = col * STRIDE;
      o0 += outer(w, stage[at + min(lane_x, VECS - 1u)]);
      if (VECS > 8u) { o1 += outer(w, stage[at + min(lane_x + 8u, VECS - 1u)]); }
      if (VECS > 16u) { o2 += outer(w, stage[at + min(lane_x + 16u, VECS - 1u)]); }
      if (VECS > 24u) { o3 += outer(w, stage[at + min(lane_x + 24u, VECS - 1u)]); }
    }
    workgroupBarrier();
  }

  partial[lane] = row_sum;
  workgroupBarrier();
  var sum = vec4f();
  for (var i = 0u; i < 8u; i++) { sum += partial[lane_y * 8u + i]; }
  let row = tile.x + lane_y * 4u;
  write_rows(row, end, head, lane_x, scale_rows(o0, 1.0 / sum));
  if (VECS > 8u) { write_rows(row, end, head, lane_x + 8u, scale_rows(o1, 1.0 / sum)); }
  if (VECS > 16u) { write_rows(row, end, head, lane_x + 16u, scale_rows(o2, 1.0 / sum)); }
  if (VECS > 24u) { write_rows(row, end, head, lane_x + 24u, scale_rows(o3, 1.0 / sum)); }
  if (lane_x < 4u && row + lane_x < end) {
    lse[(row + lane_x) * params.heads + head] = row_max[lane_x] + log(sum[lane_x]);
  }
}
