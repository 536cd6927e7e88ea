// kernels/matmul_wide.wgsl: matrix product for software adapters, eight neighbours at once.
//
// Linked to matmul_wide/along_k.wgsl or along_rows.wgsl as `sums`, and to store.wgsl, add.wgsl, ...
// beside them as `epilogue`: `prepare` what is the same for all rows, then `finish` row by row.
//
// Math       p = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y, and what the epilogue makes of it
// Shapes     A [rows, depth], B [depth, cols], cols a multiple of 8; a tile has 32 rows and 64 columns,
//            of which a lane holds all rows of 8 neighbouring columns.
// Launch     one workgroup of 8 lanes per tile, tiles of columns fastest: 32 rows of A stay in the
//            cache. Subgroups must have exactly 8 lanes.
// Numerics   f32 sums; four products are added up before they join the sum.
// Source     measured on lavapipe, where a load or store is a loop over the lanes, with a check for each
//            component, and takes about as long whatever a component holds: so few and wide ones, of
//            up to four 64-bit numbers. For 8 steps of k a lane makes 12 of them for 2048 multiply-adds
//            of its own. What other lanes hold is broadcast: no workgroup memory, no barrier. Products
//            of a ViT-Ti block take 0.50 to 0.63 of the time that loads of four f32 for tiles of
//            32 × 32 and stores one by one took; tiles of columns fastest, 0.93 of rows fastest. Not
//            taken: 64 × 64 tiles, 0.93 of the time, compile for seconds; so does a tile that a loop
//            over its rows indexes.

import package::epilogue::{finish, prepare};
import package::parts::matmul_params::params;
import package::sums::accumulate;

const TILE_ROWS = 32u;
const TILE_COLS = 64u;

@compute @workgroup_size(8)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  let col_tiles = (params.cols + TILE_COLS - 1u) / TILE_COLS;
  let row = index / col_tiles * TILE_ROWS;
  let col = index % col_tiles * TILE_COLS + lane * 8u;
  if (row >= params.rows) { return; } // the grid may be a little larger than the tiles

  let t = accumulate(row, col, lane);
  prepare(row, min(col, params.cols - 8u), lane);
  finish_rows(row, col, t.left0, t.right0);
  finish_rows(row + 4u, col, t.left1, t.right1);
  finish_rows(row + 8u, col, t.left2, t.right2);
  finish_rows(row + 12u, col, t.left3, t.right3);
  finish_rows(row + 16u, col, t.left4, t.right4);
  finish_rows(row + 20u, col, t.left5, t.right5);
  finish_rows(row + 24u, col, t.left6, t.right6);
  finish_rows(row + 28u, col, t.left7, t.right7);
}

// Four rows, as far as the product has them; what has no columns is left to the epilogue.
fn finish_rows(row: u32, col: u32, left: mat4x4f, right: mat4x4f) {
  if (row < params.rows) { finish(row, col, mat2x4f(left[0], right[0])); }
  if (row + 1u < params.rows) { finish(row + 1u, col, mat2x4f(left[1], right[1])); }
  if (row + 2u < params.rows) { finish(row + 2u, col, mat2x4f(left[2], right[2])); }
  if (row + 3u < params.rows) { finish(row + 3u, col, mat2x4f(left[3], right[3])); }
}
