// kernels/matmul_epilogues.wgsl: what becomes of a tile of a matrix product; the entry points.
//
// Joined to matmul_subgroup.wgsl or matmul_tiled.wgsl, where `Tile`, `accumulate` and the rest are,
// and to matmul_scalar_loads.wgsl, where A and B are.
//
// Math       p = A·B
//            store               y  = p
//            add                 y += p
//            bias                y  = p + β
//            bias_gelu           y  = gelu(p + β),  gelu(x) = x·Φ(x)
//            bias_gelu_keep      the same, and  pre = p + β
//            bias_residual       y[t] = residual[t] + γ·factor·(p + β),  (t, factor) = rows[row]
//            bias_residual_keep  the same, and  branch = p + β
//            gelu_backward       y = p·gelu′(pre),  gelu′(x) = Φ(x) + x·φ(x)
// Shapes     A [rows, depth], B [depth, cols], each through two strides, so that either may be
//            stored transposed;  y, pre, branch [rows, cols];  β, γ [cols];
//            rows [tokens, 2] = (token, bits of its factor), the first of which are the product's;
//            residual and the y that it joins [tokens, cols], [rows, cols] without rows.
// Launch     one workgroup per tile, tiles of rows fastest: one stripe of B serves many tiles.
// Numerics   f32, rounded where it is stored.
// Source     Touvron et al. 2021, arXiv:2103.17239.

import package::parts::elem::elem;
import package::parts::gelu::{gelu, gelu_slope};

struct Params {
  rows: u32, cols: u32, range: vec2u, // range: first step of k, and where the sums end
  a_row: u32, a_k: u32, b_k: u32, b_col: u32, // elements between neighbours along each axis
  // Where one is 0, some other input is bound in its place. Not overrides: each combination of
  // those would compile the whole product once more.
  has_bias: u32, has_gamma: u32, has_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// 1 and 2 are a and b, in the file that loads them.
@group(0) @binding(3) var<storage, read_write> stored: array<elem>;
@group(0) @binding(3) var<storage, read_write> total: array<f32>;
// bias, bias_gelu, bias_gelu_keep
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> pre: array<elem>;
@group(0) @binding(4) var<storage, read_write> activated: array<elem>;
@group(0) @binding(5) var<storage, read_write> activated_keep: array<elem>;
// bias_residual, bias_residual_keep
@group(0) @binding(4) var<storage, read> residual: array<elem>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(6) var<storage, read> rows: array<u32>;
@group(0) @binding(7) var<storage, read_write> joined: array<elem>;
@group(0) @binding(7) var<storage, read_write> branch: array<elem>;
@group(0) @binding(8) var<storage, read_write> joined_keep: array<elem>;
// gelu_backward
@group(0) @binding(3) var<storage, read> saved_pre: array<elem>;
@group(0) @binding(4) var<storage, read_write> dx: array<elem>;

// Row and column of the first element of this workgroup's tile.
fn origin_of(group: vec3u, groups: vec3u) -> vec2u {
  let tile = group.y * groups.x + group.x;
  let row_tiles = (params.rows + TILE_ROWS - 1u) / TILE_ROWS;
  return vec2u(tile % row_tiles * TILE_ROWS, tile / row_tiles * TILE_COLS);
}

fn is_inside(place: vec2u) -> bool { return place.x < params.rows && place.y < params.cols; }
fn index_of(place: vec2u) -> u32 { return place.x * params.cols + place.y; }

fn with_bias(value: f32, col: u32) -> f32 {
  if (params.has_bias != 0u) { return value + beta[col]; }
  return value;
}

fn gamma_at(col: u32) -> f32 {
  if (params.has_gamma != 0u) { return gamma[col]; }
  return 1.0;
}

// What a row of the product is scaled by, and the row of the stream that it joins.
fn factor_of(place: vec2u) -> f32 {
  if (params.has_rows == 0u) { return gamma_at(place.y); }
  return gamma_at(place.y) * bitcast<f32>(rows[2u * place.x + 1u]);
}

fn stream_index_of(place: vec2u) -> u32 {
  if (params.has_rows == 0u) { return index_of(place); }
  return rows[2u * place.x] * params.cols + place.y;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn store(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
         @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      stored[index_of(place)] = elem(tile[value / 4u][value % 4u]);
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn add(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
       @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      total[index_of(place)] += tile[value / 4u][value % 4u];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn bias(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      pre[index_of(place)] = elem(with_bias(tile[value / 4u][value % 4u], place.y));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn bias_gelu(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
             @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      let x = elem(with_bias(tile[value / 4u][value % 4u], place.y));
      activated[index_of(place)] = elem(gelu(f32(x)));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn bias_gelu_keep(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                  @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      let x = elem(with_bias(tile[value / 4u][value % 4u], place.y));
      let index = index_of(place);
      pre[index] = x;
      activated_keep[index] = elem(gelu(f32(x)));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn bias_residual(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                 @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      let x = with_bias(tile[value / 4u][value % 4u], place.y);
      let index = stream_index_of(place);
      joined[index] = elem(fma(factor_of(place), x, f32(residual[index])));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn bias_residual_keep(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                      @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      let x = elem(with_bias(tile[value / 4u][value % 4u], place.y));
      branch[index_of(place)] = x;
      let index = stream_index_of(place);
      joined_keep[index] = elem(fma(factor_of(place), f32(x), f32(residual[index])));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn gelu_backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                 @builtin(local_invocation_index) lane: u32) {
  let origin = origin_of(group, groups);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (is_inside(place)) {
      let index = index_of(place);
      dx[index] = elem(tile[value / 4u][value % 4u] * gelu_slope(f32(saved_pre[index])));
    }
  }
}
