// kernels/attention_wide_backward.wgsl: backward of attention.wgsl for software adapters, eight
// neighbours at once.
//
// Math       p = e^(s − lse)   dp = dout·vᵀ   ds = p·(dp − delta)   s = q·kᵀ/√head_dim
//            backward_queries   dq = Σ_keys ds·k/√head_dim,   delta_out = delta + Σ_keys ds / Σ_keys p
//            backward_keys      dk = Σ_queries ds·q/√head_dim,   dv = Σ_queries p·dout
// Shapes     qkv, dqkv [T, 3·D];  dout [T, D];  lse, delta, delta_out [T, heads];
//            tiles: (first row, sequence start, sequence end, 0).
// Launch     backward_queries, then backward_keys with its delta: one subgroup of 8 lanes per tile of
//            24 rows and head; a lane owns 8 columns of the head.
// Numerics   f32 sums in a fixed order; every row has one owner, so nothing is added atomically. Keys
//            that all move alike change nothing: Σ_keys ds is 0. So backward_keys takes a delta of the
//            very same p and dp; that of attention_delta.wgsl comes from the p of the forward pass, and
//            would leave a gradient of the keys' bias that is nothing but the rounding of exp.
// Source     Dao et al. 2022, arXiv:2205.14135, appendix B; laid out as attention_wide.wgsl: what is
//            loaded of a column makes the scores and the result. On lavapipe 0.30 to 0.36 of the time
//            of attention_subgroup_backward.wgsl; tiles of 16 rows take 1.0 to 1.24 of that of 24.

import package::parts::head_rows::{Columns, Rows, columns_of, products_of, with_mixtures};
import package::parts::cells::{Cell, Value, from_cell, to_cell};

override HEAD_DIM: u32 = 64; // a multiple of 8, at most 64
override CELLS: u32 = HEAD_DIM / 8u;
override ROWS_ARE_KEYS: bool = false; // true for backward_keys

// Side 1 makes the scores: q and k. Side 2 makes dp: dout and v.
const Q = 0u;
const K = 1u;
const V = 2u;
const DOUT = 3u;
override ROW_SIDE1: u32 = select(Q, K, ROWS_ARE_KEYS);
override ROW_SIDE2: u32 = select(DOUT, V, ROWS_ARE_KEYS);
override COL_SIDE1: u32 = select(K, Q, ROWS_ARE_KEYS);
override COL_SIDE2: u32 = select(V, DOUT, ROWS_ARE_KEYS);

const FOUR = vec4u(0u, 1u, 2u, 3u);

struct Params { tiles: u32, heads: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Cell>;
@group(0) @binding(2) var<storage, read> dout: array<Cell>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> delta: array<f32>;
@group(0) @binding(5) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> dqkv: array<Cell>;
@group(0) @binding(7) var<storage, read_write> delta_out: array<f32>;

// Where a lane is, and the end of its sequence.
struct Place { head: u32, lane: u32, end: u32 }

fn cell_of(part: u32, row: u32, at: Place) -> u32 {
  let cell = min(at.lane, CELLS - 1u);
  if (part == DOUT) { return (row * params.heads + at.head) * CELLS + cell; }
  return ((row * 3u + part) * params.heads + at.head) * CELLS + cell;
}

// This lane's numbers of a row; 0 past the head's end. `part` is known when the kernel is compiled.
fn load(part: u32, row: u32, at: Place) -> Value {
  var value: Value;
  if (part == DOUT) { value = from_cell(dout[cell_of(part, row, at)]); }
  else { value = from_cell(qkv[cell_of(part, row, at)]); }
  if (CELLS == 8u) { return value; }
  return value * select(0.0, 1.0, at.lane < CELLS);
}

fn load_rows(part: u32, first: u32, at: Place) -> Rows {
  let last = at.end - 1u;
  return Rows(
    load(part, min(first, last), at), load(part, min(first + 1u, last), at),
    load(part, min(first + 2u, last), at), load(part, min(first + 3u, last), at),
    load(part, min(first + 4u, last), at), load(part, min(first + 5u, last), at),
    load(part, min(first + 6u, last), at), load(part, min(first + 7u, last), at)
  );
}

fn load_columns(part: u32, cols: vec4u, at: Place) -> Columns {
  return columns_of(load(part, cols.x, at), load(part, cols.y, at), load(part, cols.z, at),
                    load(part, cols.w, at));
}

// Log-sum-exp and delta of a query, and what of them a lane holds: those of its own row or column.
fn stats_of(row: u32, at: Place) -> vec2f {
  let index = min(row, at.end - 1u) * params.heads + at.head;
  return vec2f(lse[index], delta[index]);
}

// Eight rows: both sides, what is known of each as a query, their gradients so far, and, of queries,
// Σ p and Σ ds.
struct Group { side1: Rows, side2: Rows, stats: vec2f, d1: Rows, d2: Rows, sums: vec2f }

fn load_group(first: u32, at: Place) -> Group {
  var stats = vec2f();
  if (!ROWS_ARE_KEYS) { stats = stats_of(first + at.lane, at); }
  return Group(load_rows(ROW_SIDE1, first, at), load_rows(ROW_SIDE2, first, at), stats, Rows(),
               Rows(), vec2f());
}

// Four columns: both sides, what is known of each as a query, and which of them exist.
struct Block { side1: Columns, side2: Columns, lse: vec4f, delta: vec4f, exists: vec4<bool> }

fn add_block(group: ptr<function, Group>, block: Block, lane: u32) {
  var less = block.lse;
  var delta_4 = block.delta;
  if (!ROWS_ARE_KEYS) {
    less = vec4f((*group).stats.x);
    delta_4 = vec4f((*group).stats.y);
  }
  let scores = products_of((*group).side1, block.side1, lane) * params.scale;
  let p = select(vec4f(0.0), exp(scores - less), block.exists);
  let ds = p * (products_of((*group).side2, block.side2, lane) - delta_4);
  (*group).d1 = with_mixtures((*group).d1, block.side1, ds);
  if (ROWS_ARE_KEYS) { (*group).d2 = with_mixtures((*group).d2, block.side2, p); }
  else { (*group).sums += vec2f((p.x + p.y) + (p.z + p.w), (ds.x + ds.y) + (ds.z + ds.w)); }
}

fn store_row(part: u32, row: u32, value: Value, at: Place) {
  if (row < at.end && at.lane < CELLS) { dqkv[cell_of(part, row, at)] = to_cell(value); }
}

fn store_rows(part: u32, first: u32, rows: Rows, scale: f32, at: Place) {
  store_row(part, first, rows.r0 * scale, at);
  store_row(part, first + 1u, rows.r1 * scale, at);
  store_row(part, first + 2u, rows.r2 * scale, at);
  store_row(part, first + 3u, rows.r3 * scale, at);
  store_row(part, first + 4u, rows.r4 * scale, at);
  store_row(part, first + 5u, rows.r5 * scale, at);
  store_row(part, first + 6u, rows.r6 * scale, at);
  store_row(part, first + 7u, rows.r7 * scale, at);
}

fn store_group(first: u32, group: Group, at: Place) {
  store_rows(ROW_SIDE1, first, group.d1, params.scale, at);
  if (ROWS_ARE_KEYS) { store_rows(ROW_SIDE2, first, group.d2, 1.0, at); }
}

// What a subgroup works on: rows from the first on, of a sequence.
struct Tile { first: u32, start: u32, end: u32, head: u32 }

fn tile_of(group: vec3u, groups: vec3u) -> Tile {
  let index = group.y * groups.x + group.x;
  if (index >= params.tiles * params.heads) { return Tile(); } // the grid may be a little larger
  let tile = tiles[index / params.heads];
  return Tile(tile.x, tile.y, tile.z, index % params.heads);
}

// 24 rows.
struct Groups { a: Group, b: Group, c: Group }

// Gradients of all rows of a tile, stored.
fn gradients_of(tile: Tile, at: Place) -> Groups {
  var a = load_group(tile.first, at);
  var b = load_group(tile.first + 8u, at);
  var c = load_group(tile.first + 16u, at);
  for (var first = tile.start; first < tile.end; first += 4u) {
    let cols = first + FOUR;
    let held = min(cols, vec4u(tile.end - 1u));
    var block = Block(load_columns(COL_SIDE1, held, at), load_columns(COL_SIDE2, held, at), vec4f(),
                      vec4f(), cols < vec4u(tile.end));
    if (ROWS_ARE_KEYS) {
      // One load for four columns; the other four lanes hold the same.
      let stats = stats_of(first + at.lane % 4u, at);
      block.lse = vec4f(subgroupBroadcast(stats.x, 0u), subgroupBroadcast(stats.x, 1u),
                        subgroupBroadcast(stats.x, 2u), subgroupBroadcast(stats.x, 3u));
      block.delta = vec4f(subgroupBroadcast(stats.y, 0u), subgroupBroadcast(stats.y, 1u),
                          subgroupBroadcast(stats.y, 2u), subgroupBroadcast(stats.y, 3u));
    }
    add_block(&a, block, at.lane);
    add_block(&b, block, at.lane);
    add_block(&c, block, at.lane);
  }
  store_group(tile.first, a, at);
  store_group(tile.first + 8u, b, at);
  store_group(tile.first + 16u, c, at);
  return Groups(a, b, c);
}

fn store_delta(first: u32, group: Group, at: Place) {
  let row = first + at.lane;
  let delta_here = group.stats.y + group.sums.y / group.sums.x;
  if (row < at.end) { delta_out[row * params.heads + at.head] = delta_here; }
}

@compute @workgroup_size(8)
fn backward_queries(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                    @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups);
  if (tile.end == 0u) { return; }
  let at = Place(tile.head, lane, tile.end);
  let found = gradients_of(tile, at);
  store_delta(tile.first, found.a, at);
  store_delta(tile.first + 8u, found.b, at);
  store_delta(tile.first + 16u, found.c, at);
}

@compute @workgroup_size(8)
fn backward_keys(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                 @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups);
  if (tile.end > 0u) { gradients_of(tile, Place(tile.head, lane, tile.end)); }
}
