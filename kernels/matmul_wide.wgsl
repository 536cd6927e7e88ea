// kernels/matmul_wide.wgsl: matrix product for software adapters, eight neighbours at once.
//
// Linked to matmul_wide/along_k.wgsl or along_rows.wgsl as `sums`, and to store.wgsl, add.wgsl, ...
// beside them as `epilogue`: `prepare` what is the same for all rows, then `finish` row by row, also
// where it has no columns.
//
// Math       p = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y, and what the epilogue makes of it
// Shapes     A [rows, depth], B [depth, cols], cols a multiple of 8; a tile has 32 rows and 64 columns,
//            of which a lane holds all rows of 8 neighbouring columns.
// Launch     one workgroup of 8 lanes per tile, tiles of columns fastest: 32 rows of A stay in the
//            cache. Subgroups must have exactly 8 lanes.
// Numerics   f32 sums, in an order that depends on the sizes alone.
// Source     measured on lavapipe, where a load or store is a loop over the lanes, with a check for each
//            component, and takes about as long whatever a component holds: so few and wide ones, of
//            up to four 64-bit numbers. For 8 steps of k a lane makes 12 of them for 2048 multiply-adds
//            of its own. What other lanes hold is broadcast: no workgroup memory, no barrier. Products
//            of a ViT-Ti block take 0.45 to 0.6 of the time that loads of four f32 for tiles of 32 × 32
//            and stores one by one took; tiles of columns fastest, 0.93 of rows fastest. Not taken:
//            64 × 64 tiles, 0.88 to 0.92 of the time, compile twice as long. A tile that a loop over
//            its rows indexes compiles for seconds, and a loop over halves of 8 steps takes 1.4 times
//            as long.

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
  finish_row(row + 0u, col, t.r00);
  finish_row(row + 1u, col, t.r01);
  finish_row(row + 2u, col, t.r02);
  finish_row(row + 3u, col, t.r03);
  finish_row(row + 4u, col, t.r04);
  finish_row(row + 5u, col, t.r05);
  finish_row(row + 6u, col, t.r06);
  finish_row(row + 7u, col, t.r07);
  finish_row(row + 8u, col, t.r08);
  finish_row(row + 9u, col, t.r09);
  finish_row(row + 10u, col, t.r10);
  finish_row(row + 11u, col, t.r11);
  finish_row(row + 12u, col, t.r12);
  finish_row(row + 13u, col, t.r13);
  finish_row(row + 14u, col, t.r14);
  finish_row(row + 15u, col, t.r15);
  finish_row(row + 16u, col, t.r16);
  finish_row(row + 17u, col, t.r17);
  finish_row(row + 18u, col, t.r18);
  finish_row(row + 19u, col, t.r19);
  finish_row(row + 20u, col, t.r20);
  finish_row(row + 21u, col, t.r21);
  finish_row(row + 22u, col, t.r22);
  finish_row(row + 23u, col, t.r23);
  finish_row(row + 24u, col, t.r24);
  finish_row(row + 25u, col, t.r25);
  finish_row(row + 26u, col, t.r26);
  finish_row(row + 27u, col, t.r27);
  finish_row(row + 28u, col, t.r28);
  finish_row(row + 29u, col, t.r29);
  finish_row(row + 30u, col, t.r30);
  finish_row(row + 31u, col, t.r31);
}

// One row, as far as the product has it.
fn finish_row(row: u32, col: u32, sums: mat2x4f) {
  if (row < params.rows) { finish(row, col, sums); }
}
