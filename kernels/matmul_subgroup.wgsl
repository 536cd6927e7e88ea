// kernels/matmul_subgroup.wgsl: matrix product for software adapters, of any sizes.
//
// Linked to a file of matmul_epilogues/ as `epilogue`; matmul_wide.wgsl is for sizes that are
// multiples of 8.
//
// Math       p = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y, and what the epilogue makes of it
// Shapes     A [rows, depth], B [depth, cols], each through two strides; a tile has 32 rows and 32
//            columns; a lane holds all 32 rows of 4 adjacent columns.
// Launch     one workgroup of 8 lanes per tile; subgroups must have exactly 8 lanes.
// Numerics   f32 sums; four products are added up before they join the sum.
// Source     measured on lavapipe, where every lane's load is checked by itself: loads are what
//            costs, so a lane loads its own rows of A and shares them by broadcast. For 4 steps of k
//            a lane loads 16 elements of A and 16 of B for 512 multiply-adds: 1 for 16.
//            No workgroup memory, no barrier; twice the tile is no faster and compiles for seconds.

import package::epilogue::finish;
import package::parts::elem::elem;
import package::parts::matmul_params::params;

const TILE_ROWS = 32u;
const TILE_COLS = 32u;
const VALUES = 128u; // of a tile, per lane
alias Tile = array<vec4f, 32>; // [row] of 4 columns

// Row and column, within the tile, of one value of a lane.
fn offset_of(lane: u32, value: u32) -> vec2u {
  return vec2u(value / 4u, lane * 4u + value % 4u);
}

@group(0) @binding(1) var<storage, read> a: array<elem>;
@group(0) @binding(2) var<storage, read> b: array<elem>;

fn b_at(at: vec4u) -> vec4f { return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w])); }

// Column i: step i of four columns.
fn load_cols(starts: vec4u, steps: vec4u) -> mat4x4f {
  return mat4x4f(b_at(starts + steps.x), b_at(starts + steps.y), b_at(starts + steps.z),
                 b_at(starts + steps.w));
}

// Four steps of k of one row of A, 0 past the end of the sum.
fn load_a(start: u32, steps: vec4u, exists: vec4<bool>) -> vec4f {
  let at = start + steps;
  let loaded = vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
  return select(vec4f(0.0), loaded, exists);
}

// One row of the tile: its old sums and four more steps of k.
fn step(sums: vec4f, row: vec4f, block: mat4x4f) -> vec4f {
  return sums + (block[0] * row.x + block[1] * row.y + block[2] * row.z + block[3] * row.w);
}

fn accumulate(origin: vec2u, range: vec2u, lane: u32) -> Tile {
  // Rows and columns past the edge read the last ones; their sums are never stored.
  let rows = min(vec4u(origin.x + lane) + vec4u(0u, 8u, 16u, 24u), vec4u(params.rows - 1u));
  let cols = min(vec4u(origin.y + lane * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(params.cols - 1u));
  let a_start = rows * params.a_row;
  let b_start = cols * params.b_col;
  let last = vec4u(range.y - 1u);

  var s00 = vec4f(); var s01 = vec4f(); var s02 = vec4f(); var s03 = vec4f();
  var s04 = vec4f(); var s05 = vec4f(); var s06 = vec4f(); var s07 = vec4f();
  var s08 = vec4f(); var s09 = vec4f(); var s10 = vec4f(); var s11 = vec4f();
  var s12 = vec4f(); var s13 = vec4f(); var s14 = vec4f(); var s15 = vec4f();
  var s16 = vec4f(); var s17 = vec4f(); var s18 = vec4f(); var s19 = vec4f();
  var s20 = vec4f(); var s21 = vec4f(); var s22 = vec4f(); var s23 = vec4f();
  var s24 = vec4f(); var s25 = vec4f(); var s26 = vec4f(); var s27 = vec4f();
  var s28 = vec4f(); var s29 = vec4f(); var s30 = vec4f(); var s31 = vec4f();

  for (var k = range.x; k < range.y; k += 4u) {
    let steps = vec4u(k) + vec4u(0u, 1u, 2u, 3u);
    let clamped = min(steps, last);
    let exists = steps <= last;
    let block = load_cols(b_start, clamped * params.b_k);
    let a_at = clamped * params.a_k;

    let a0 = load_a(a_start.x, a_at, exists); // lane n: row n of the tile
    s00 = step(s00, subgroupBroadcast(a0, 0u), block);
    s01 = step(s01, subgroupBroadcast(a0, 1u), block);
    s02 = step(s02, subgroupBroadcast(a0, 2u), block);
    s03 = step(s03, subgroupBroadcast(a0, 3u), block);
    s04 = step(s04, subgroupBroadcast(a0, 4u), block);
    s05 = step(s05, subgroupBroadcast(a0, 5u), block);
    s06 = step(s06, subgroupBroadcast(a0, 6u), block);
    s07 = step(s07, subgroupBroadcast(a0, 7u), block);

    let a1 = load_a(a_start.y, a_at, exists); // lane n: row 8+n
    s08 = step(s08, subgroupBroadcast(a1, 0u), block);
    s09 = step(s09, subgroupBroadcast(a1, 1u), block);
    s10 = step(s10, subgroupBroadcast(a1, 2u), block);
    s11 = step(s11, subgroupBroadcast(a1, 3u), block);
    s12 = step(s12, subgroupBroadcast(a1, 4u), block);
    s13 = step(s13, subgroupBroadcast(a1, 5u), block);
    s14 = step(s14, subgroupBroadcast(a1, 6u), block);
    s15 = step(s15, subgroupBroadcast(a1, 7u), block);

    let a2 = load_a(a_start.z, a_at, exists); // lane n: row 16+n
    s16 = step(s16, subgroupBroadcast(a2, 0u), block);
    s17 = step(s17, subgroupBroadcast(a2, 1u), block);
    s18 = step(s18, subgroupBroadcast(a2, 2u), block);
    s19 = step(s19, subgroupBroadcast(a2, 3u), block);
    s20 = step(s20, subgroupBroadcast(a2, 4u), block);
    s21 = step(s21, subgroupBroadcast(a2, 5u), block);
    s22 = step(s22, subgroupBroadcast(a2, 6u), block);
    s23 = step(s23, subgroupBroadcast(a2, 7u), block);

    let a3 = load_a(a_start.w, a_at, exists); // lane n: row 24+n
    s24 = step(s24, subgroupBroadcast(a3, 0u), block);
    s25 = step(s25, subgroupBroadcast(a3, 1u), block);
    s26 = step(s26, subgroupBroadcast(a3, 2u), block);
    s27 = step(s27, subgroupBroadcast(a3, 3u), block);
    s28 = step(s28, subgroupBroadcast(a3, 4u), block);
    s29 = step(s29, subgroupBroadcast(a3, 5u), block);
    s30 = step(s30, subgroupBroadcast(a3, 6u), block);
    s31 = step(s31, subgroupBroadcast(a3, 7u), block);
  }
  return Tile(
    s00, s01, s02, s03, s04, s05, s06, s07, s08, s09, s10, s11, s12, s13, s14, s15,
    s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31
  );
}

@compute @workgroup_size(8)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  let row_tiles = (params.rows + TILE_ROWS - 1u) / TILE_ROWS;
  let origin = vec2u(index % row_tiles * TILE_ROWS, index / row_tiles * TILE_COLS);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  var tile = accumulate(origin, params.range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (place.x < params.rows && place.y < params.cols) {
      finish(place, tile[value / 4u][value % 4u]);
    }
  }
}
