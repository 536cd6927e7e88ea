// kernels/attention_backward.wgsl: gradient of attention.wgsl, scores recomputed from lse.
//
// Math       p = e^(s − lse)   dp = dout·vᵀ   ds = p·(dp − delta)   s = q·kᵀ/√head_dim
//            backward_queries   dq = Σ_keys ds·k/√head_dim,   delta_out = delta + Σ_keys ds / Σ_keys p
//            backward_keys      dk = Σ_queries ds·q/√head_dim,   dv = Σ_queries p·dout
// Shapes     qkv, dqkv [T, 3·D];  dout [T, D];  lse, delta, delta_out [T, heads];  delta as in
//            attention_delta.wgsl;  tiles: (first row, sequence start, sequence end, 0).
// Launch     backward_queries, then backward_keys with its delta: one workgroup per tile of ROWS rows
//            and head, 8 × ROW_GROUPS lanes; the other side passes through workgroup memory, COLS at
//            a time. A lane owns 4 rows: of the scores, the columns lane_x + 8·i; of the result, the
//            4-vectors lane_x + 8·slot.
// Numerics   f32 sums in a fixed order; every row has one owner, so nothing is added atomically. Why
//            delta is made again: attention_wide_backward.wgsl.
// Source     Dao et al. 2022, arXiv:2205.14135, appendix B.

import package::parts::elem::elem;

override HEAD_DIM: u32 = 64; // with `vectors` a multiple of 4
override ROW_GROUPS: u32 = 4; // 4 rows each
override COLS_PER_LANE: u32 = 1; // 1 or 2
override ROWS_ARE_KEYS: bool = false; // true for backward_keys
override ROWS: u32 = 4u * ROW_GROUPS;
override COLS: u32 = 8u * COLS_PER_LANE;
override LANES: u32 = 8u * ROW_GROUPS;
override VECS: u32 = (HEAD_DIM + 3u) / 4u;
override STRIDE: u32 = VECS | 1u; // odd: 8 lanes reading 8 rows meet 8 different banks

// Side 1 makes the scores: q and k. Side 2 makes dp: dout and v.
const Q = 0u;
const K = 1u;
const V = 2u;
const DOUT = 3u;
override ROW_SIDE1: u32 = select(Q, K, ROWS_ARE_KEYS);
override ROW_SIDE2: u32 = select(DOUT, V, ROWS_ARE_KEYS);
override COL_SIDE1: u32 = select(K, Q, ROWS_ARE_KEYS);
override COL_SIDE2: u32 = select(V, DOUT, ROWS_ARE_KEYS);

struct Params { tiles: u32, heads: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@if(vectors) @group(0) @binding(1) var<storage, read> qkv: array<vec4<elem>>;
@else @group(0) @binding(1) var<storage, read> qkv: array<elem>;
@if(vectors) @group(0) @binding(2) var<storage, read> dout: array<vec4<elem>>;
@else @group(0) @binding(2) var<storage, read> dout: array<elem>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> delta: array<f32>;
@group(0) @binding(5) var<storage, read> tiles: array<vec4u>;
@if(vectors) @group(0) @binding(6) var<storage, read_write> dqkv: array<vec4<elem>>;
@else @group(0) @binding(6) var<storage, read_write> dqkv: array<elem>;
@group(0) @binding(7) var<storage, read_write> delta_out: array<f32>;

var<workgroup> rows1: array<vec4f, ROWS * STRIDE>;
var<workgroup> rows2: array<vec4f, ROWS * STRIDE>;
var<workgroup> cols1: array<vec4f, COLS * STRIDE>;
var<workgroup> cols2: array<vec4f, COLS * STRIDE>;
var<workgroup> ds: array<vec4f, COLS * ROW_GROUPS>; // [col, row group] of 4 rows
var<workgroup> p: array<vec4f, COLS * ROW_GROUPS>;

/// One number of a head; 0 past the head's end.
@if(!vectors)
fn read1(part: u32, token: u32, head: u32, col: u32) -> f32 {
  if (col >= HEAD_DIM) { return 0.0; }
  if (part == DOUT) { return f32(dout[(token * params.heads + head) * HEAD_DIM + col]); }
  return f32(qkv[((token * 3u + part) * params.heads + head) * HEAD_DIM + col]);
}

/// Four numbers of a head; zeros for a token past the sequence's end.
@if(vectors)
fn read4(part: u32, token: u32, end: u32, head: u32, vec: u32) -> vec4f {
  if (token >= end) { return vec4f(); }
  if (part == DOUT) { return vec4f(dout[(token * params.heads + head) * VECS + vec]); }
  return vec4f(qkv[((token * 3u + part) * params.heads + head) * VECS + vec]);
}
@else
fn read4(part: u32, token: u32, end: u32, head: u32, vec: u32) -> vec4f {
  if (token >= end) { return vec4f(); }
  let col = vec * 4u;
  return vec4f(read1(part, token, head, col), read1(part, token, head, col + 1u),
               read1(part, token, head, col + 2u), read1(part, token, head, col + 3u));
}

/// What a lane has summed of its 4 rows, which are queries, over its columns.
struct Sums { p: vec4f, ds: vec4f }

/// Scores of the lane's 4 rows with one column become p and ds, at `place` among the columns.
fn put(sums: ptr<function, Sums>, col: u32, end: u32, place: u32, head: u32, s: vec4f, dp: vec4f,
       row_lse: vec4f, row_delta: vec4f) {
  var weight = vec4f();
  var gradient = vec4f();
  if (col < end) {
    let at = col * params.heads + head;
    if (ROWS_ARE_KEYS) {
      weight = exp(s * params.scale - lse[at]);
      gradient = weight * (dp - delta[at]);
    } else {
      weight = exp(s * params.scale - row_lse);
      gradient = weight * (dp - row_delta);
    }
  }
  ds[place] = gradient;
  if (ROWS_ARE_KEYS) { p[place] = weight; } else {
    (*sums).p += weight;
    (*sums).ds += gradient;
  }
}

/// One slot of the result: gradients of sides 1 and 2. A column is one of the lane's 4 rows.
struct Slot { side1: mat4x4f, side2: mat4x4f }

fn outer(row_weights: vec4f, value: vec4f) -> mat4x4f {
  return mat4x4f(row_weights.x * value, row_weights.y * value,
                 row_weights.z * value, row_weights.w * value);
}

fn accumulate(slot: ptr<function, Slot>, col: u32, lane_y: u32, vec: u32) {
  let at = col * STRIDE + min(vec, VECS - 1u);
  let place = col * ROW_GROUPS + lane_y;
  (*slot).side1 += outer(ds[place], cols1[at]);
  if (ROWS_ARE_KEYS) { (*slot).side2 += outer(p[place], cols2[at]); }
}

@if(vectors)
fn write_vec(part: u32, token: u32, head: u32, vec: u32, value: vec4f) {
  if (vec >= VECS) { return; }
  dqkv[((token * 3u + part) * params.heads + head) * VECS + vec] = vec4<elem>(value);
}
@else
fn write_vec(part: u32, token: u32, head: u32, vec: u32, value: vec4f) {
  let col = vec * 4u;
  let at = ((token * 3u + part) * params.heads + head) * HEAD_DIM + col;
  if (col < HEAD_DIM) { dqkv[at] = elem(value.x); }
  if (col + 1u < HEAD_DIM) { dqkv[at + 1u] = elem(value.y); }
  if (col + 2u < HEAD_DIM) { dqkv[at + 2u] = elem(value.z); }
  if (col + 3u < HEAD_DIM) { dqkv[at + 3u] = elem(value.w); }
}

fn write_rows(part: u32, row: u32, end: u32, head: u32, vec: u32, rows: mat4x4f) {
  if (row < end) { write_vec(part, row, head, vec, rows[0]); }
  if (row + 1u < end) { write_vec(part, row + 1u, head, vec, rows[1]); }
  if (row + 2u < end) { write_vec(part, row + 2u, head, vec, rows[2]); }
  if (row + 3u < end) { write_vec(part, row + 3u, head, vec, rows[3]); }
}

fn write_slot(slot: Slot, row: u32, end: u32, head: u32, vec: u32) {
  write_rows(ROW_SIDE1, row, end, head, vec, slot.side1 * params.scale);
  if (ROWS_ARE_KEYS) { write_rows(V, row, end, head, vec, slot.side2); }
}

/// What a workgroup works on, the same for all its lanes: rows from the first on, of a sequence.
struct Tile { first: u32, start: u32, end: u32, head: u32 }

fn tile_of(group: vec3u, groups: vec3u) -> Tile {
  let index = group.y * groups.x + group.x;
  if (index >= params.tiles * params.heads) { return Tile(); } // the grid may be a little larger
  let tile = tiles[index / params.heads];
  return Tile(tile.x, tile.y, tile.z, index % params.heads);
}

/// The first of a lane's rows.
fn row_of(tile: Tile, lane: u32) -> u32 { return tile.first + lane / 8u * 4u; }

/// lse and delta of the rows from one on.
fn row_stats(tile: Tile, first: u32) -> mat2x4f {
  let row = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(tile.end - 1u)) * params.heads + tile.head;
  return mat2x4f(vec4f(lse[row.x], lse[row.y], lse[row.z], lse[row.w]),
                 vec4f(delta[row.x], delta[row.y], delta[row.z], delta[row.w]));
}

/// Stores the gradients of all rows of a tile.
fn gradients_of(tile: Tile, lane: u32) -> Sums {
  let head = tile.head;
  let end = tile.end;
  let row = row_of(tile, lane);
  let lane_x = lane % 8u;
  let lane_y = lane / 8u;

  for (var i = lane; i < ROWS * VECS; i += LANES) {
    let at = i / VECS * STRIDE + i % VECS;
    rows1[at] = read4(ROW_SIDE1, tile.first + i / VECS, end, head, i % VECS);
    rows2[at] = read4(ROW_SIDE2, tile.first + i / VECS, end, head, i % VECS);
  }
  var stats = mat2x4f();
  if (!ROWS_ARE_KEYS) { stats = row_stats(tile, row); }
  var sums = Sums();
  var slot0 = Slot();
  var slot1 = Slot();
  var slot2 = Slot();
  var slot3 = Slot();

  for (var first = tile.start; first < end; first += COLS) {
    for (var i = lane; i < COLS * VECS; i += LANES) {
      let at = i / VECS * STRIDE + i % VECS;
      cols1[at] = read4(COL_SIDE1, first + i / VECS, end, head, i % VECS);
      cols2[at] = read4(COL_SIDE2, first + i / VECS, end, head, i % VECS);
    }
    workgroupBarrier();

    var s0 = vec4f();
    var s1 = vec4f();
    var dp0 = vec4f();
    var dp1 = vec4f();
    for (var vec = 0u; vec < VECS; vec++) {
      let rows_at = lane_y * 4u * STRIDE + vec;
      let m1 = mat4x4f(rows1[rows_at], rows1[rows_at + STRIDE], rows1[rows_at + 2u * STRIDE],
                       rows1[rows_at + 3u * STRIDE]);
      let m2 = mat4x4f(rows2[rows_at], rows2[rows_at + STRIDE], rows2[rows_at + 2u * STRIDE],
                       rows2[rows_at + 3u * STRIDE]);
      let at = lane_x * STRIDE + vec;
      s0 += cols1[at] * m1;
      dp0 += cols2[at] * m2;
      if (COLS_PER_LANE > 1u) {
        s1 += cols1[at + 8u * STRIDE] * m1;
        dp1 += cols2[at + 8u * STRIDE] * m2;
      }
    }
    let col = first + lane_x;
    let place = lane_x * ROW_GROUPS + lane_y;
    put(&sums, col, end, place, head, s0, dp0, stats[0], stats[1]);
    if (COLS_PER_LANE > 1u) {
      put(&sums, col + 8u, end, place + 8u * ROW_GROUPS, head, s1, dp1, stats[0], stats[1]);
    }
    workgroupBarrier();

    for (var i = 0u; i < COLS; i++) {
      accumulate(&slot0, i, lane_y, lane_x);
      if (VECS > 8u) { accumulate(&slot1, i, lane_y, lane_x + 8u); }
      if (VECS > 16u) { accumulate(&slot2, i, lane_y, lane_x + 16u); }
      if (VECS > 24u) { accumulate(&slot3, i, lane_y, lane_x + 24u); }
    }
    workgroupBarrier();
  }

  write_slot(slot0, row, end, head, lane_x);
  if (VECS > 8u) { write_slot(slot1, row, end, head, lane_x + 8u); }
  if (VECS > 16u) { write_slot(slot2, row, end, head, lane_x + 16u); }
  if (VECS > 24u) { write_slot(slot3, row, end, head, lane_x + 24u); }
  return sums;
}

@compute @workgroup_size(LANES)
fn backward_queries(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                    @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups);
  if (tile.end == 0u) { return; }
  let sums = gradients_of(tile, lane);
  let lane_x = lane % 8u;
  let lane_y = lane / 8u;
  ds[lane_x * ROW_GROUPS + lane_y] = sums.ds;
  p[lane_x * ROW_GROUPS + lane_y] = sums.p;
  workgroupBarrier();
  if (lane_x > 0u) { return; }
  var total = Sums();
  for (var other = 0u; other < 8u; other++) {
    total.p += p[other * ROW_GROUPS + lane_y];
    total.ds += ds[other * ROW_GROUPS + lane_y];
  }
  let row = row_of(tile, lane);
  let refined = row_stats(tile, row)[1] + total.ds / total.p;
  for (var i = 0u; i < 4u && row + i < tile.end; i++) {
    delta_out[(row + i) * params.heads + tile.head] = refined[i];
  }
}

@compute @workgroup_size(LANES)
fn backward_keys(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                 @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups);
  if (tile.end > 0u) { _ = gradients_of(tile, lane); }
}
