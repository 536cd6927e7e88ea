// kernels/attention_wide.wgsl: attention.wgsl for software adapters, eight neighbours at once.
//
// Math       s = q·kᵀ/√head_dim   lse = ln Σ_keys eˢ   out = Σ_keys e^(s − lse)·v
// Shapes     qkv [T, 3·D]: all q, then all k, then all v; inside each, head after head;
//            out [T, D];  lse [T, heads];  tiles: (first row, sequence start, sequence end, 0).
// Launch     one subgroup of 8 lanes per tile of 24 queries and head; a lane owns 8 columns of the head.
// Numerics   online softmax in f32: running maximum, sums rescaled when it rises.
// Source     Dao et al. 2022, arXiv:2205.14135; Dao 2023, arXiv:2307.08691. On lavapipe a load is a loop
//            over the lanes that costs as much as 350 instructions whatever it brings: here a whole row
//            of a head, so each key and value is loaded once for 24 queries, and padding ends with
//            four keys. 0.30 (17 tokens) to 0.41 (257) of the time of attention_subgroup.wgsl. With 16
//            queries 1.03 to 1.3 of that of 24; with 32, 0.9 (50 tokens) to 1.2.

import package::parts::head_rows::{Columns, Rows, columns_of, products_of, scaled, with_mixtures};
import package::parts::cells::{Cell, Value, from_cell, to_cell};

override HEAD_DIM: u32 = 64; // a multiple of 8, at most 64
override CELLS: u32 = HEAD_DIM / 8u;

const LOWEST = -1e30; // below every score; no infinity, which a compiler may assume away
const FOUR = vec4u(0u, 1u, 2u, 3u);

struct Params { tiles: u32, heads: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Cell>;
@group(0) @binding(2) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> out: array<Cell>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

// Where a lane is and what it owns.
struct Place { head: u32, lane: u32, end: u32 }

// This lane's numbers of a row of q, k or v; 0 past the head's end.
fn load(part: u32, row: u32, at: Place) -> Value {
  let cell = ((row * 3u + part) * params.heads + at.head) * CELLS + min(at.lane, CELLS - 1u);
  let value = from_cell(qkv[cell]);
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

// What eight queries have of the keys so far; lane n holds maximum and sum of query n.
struct Softmax { highest: f32, sum: f32, out: Rows }

fn attend(so_far: Softmax, scores: vec4f, v: Columns) -> Softmax {
  let highest = max(so_far.highest, max(max(scores.x, scores.y), max(scores.z, scores.w)));
  let shrink = exp(so_far.highest - highest);
  let p = exp(scores - highest);
  let sum = so_far.sum * shrink + ((p.x + p.y) + (p.z + p.w));
  return Softmax(highest, sum, with_mixtures(scaled(so_far.out, shrink), v, p));
}

fn store_row(row: u32, value: Value, at: Place) {
  if (row < at.end && at.lane < CELLS) {
    out[(row * params.heads + at.head) * CELLS + at.lane] = to_cell(value);
  }
}

fn write_rows(first: u32, found: Softmax, at: Place) {
  let rows = scaled(found.out, 1.0 / found.sum);
  store_row(first, rows.r0, at);
  store_row(first + 1u, rows.r1, at);
  store_row(first + 2u, rows.r2, at);
  store_row(first + 3u, rows.r3, at);
  store_row(first + 4u, rows.r4, at);
  store_row(first + 5u, rows.r5, at);
  store_row(first + 6u, rows.r6, at);
  store_row(first + 7u, rows.r7, at);
  let row = first + at.lane;
  if (row < at.end) { lse[row * params.heads + at.head] = found.highest + log(found.sum); }
}

@compute @workgroup_size(8)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= params.tiles * params.heads) { return; }
  let tile = tiles[index / params.heads];
  let at = Place(index % params.heads, lane, tile.z);
  let q_a = load_rows(0u, tile.x, at);
  let q_b = load_rows(0u, tile.x + 8u, at);
  let q_c = load_rows(0u, tile.x + 16u, at);
  var a = Softmax(LOWEST, 0.0, Rows());
  var b = a;
  var c = a;

  for (var first = tile.y; first < tile.z; first += 4u) {
    let keys = first + FOUR;
    let exists = keys < vec4u(tile.z);
    let held = min(keys, vec4u(tile.z - 1u));
    let k = load_columns(1u, held, at);
    let v = load_columns(2u, held, at);
    let low = vec4f(LOWEST);
    a = attend(a, select(low, products_of(q_a, k, lane) * params.scale, exists), v);
    b = attend(b, select(low, products_of(q_b, k, lane) * params.scale, exists), v);
    c = attend(c, select(low, products_of(q_c, k, lane) * params.scale, exists), v);
  }

  write_rows(tile.x, a, at);
  write_rows(tile.x + 8u, b, at);
  write_rows(tile.x + 16u, c, at);
}
