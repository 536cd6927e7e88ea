// kernels/matmul_tiled/finish.wgsl: hands every element of a tile to what follows the product.
//
// Linked to a file with `fn finish(place: vec2u, product: f32)` as `epilogue`.
//
// Launch     by every lane, with what it summed.
// Source     a lane's rows pass by in a loop, and the tile is shifted: an array that a loop indexes
//            lies in memory on a GPU, and 64 copies of an epilogue do not fit its caches.

import package::epilogue::finish;
import package::matmul_tiled::sums::{A_ALONG_K, B_ALONG_K, LANE_COLS, LANE_ROWS, Tile, spread};
import package::parts::matmul_params::params;

fn finish_tile(origin: vec2u, lane: u32, sums: Tile) {
  var tile = sums;
  for (var index = 0u; index < 8u; index++) {
    let row = origin.x + spread(A_ALONG_K, index, lane / LANE_COLS, LANE_ROWS);
    if (row < params.rows) { finish_row(vec2u(row, origin.y), lane % LANE_COLS, tile); }
    tile = without_first_row(tile);
  }
}

fn without_first_row(t: Tile) -> Tile {
  return Tile(mat4x4f(t.c00[1], t.c00[2], t.c00[3], t.c10[0]),
              mat4x4f(t.c01[1], t.c01[2], t.c01[3], t.c11[0]),
              mat4x4f(t.c10[1], t.c10[2], t.c10[3], vec4f()),
              mat4x4f(t.c11[1], t.c11[2], t.c11[3], vec4f()));
}

// The first row of a tile.
fn finish_row(origin: vec2u, lane: u32, tile: Tile) {
  let left = tile.c00[0];
  finish_one(origin, lane, 0u, left.x); finish_one(origin, lane, 1u, left.y);
  finish_one(origin, lane, 2u, left.z); finish_one(origin, lane, 3u, left.w);
  let right = tile.c01[0];
  finish_one(origin, lane, 4u, right.x); finish_one(origin, lane, 5u, right.y);
  finish_one(origin, lane, 6u, right.z); finish_one(origin, lane, 7u, right.w);
}

fn finish_one(origin: vec2u, lane: u32, index: u32, product: f32) {
  let col = origin.y + spread(B_ALONG_K, index, lane, LANE_COLS);
  if (col < params.cols) { finish(vec2u(origin.x, col), product); }
}
