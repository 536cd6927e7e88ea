// kernels/matmul_tiled.wgsl: matrix product for discrete GPUs.
//
// Linked to matmul_tiled/scalars.wgsl or matmul_tiled/vectors.wgsl as `loads`, and to a file of
// matmul_epilogues/ as `epilogue`.
//
// Math       p = A·B, and what the epilogue makes of it
// Shapes     A [rows, depth], B [depth, cols], each through two strides, so that either may be
//            stored transposed;  p [rows, cols].
// Launch     one workgroup of LANE_ROWS × LANE_COLS lanes per tile, tiles of rows fastest: one stripe
//            of B serves many tiles.
// Numerics   as matmul_tiled/sums.wgsl has it; rounded where it is stored.
// Source     matmul_tiled/sums.wgsl.

import package::matmul_tiled::finish::finish_tile;
import package::matmul_tiled::sums::{TILE_COLS, TILE_ROWS, WORKGROUP_SIZE, accumulate};
import package::parts::matmul_params::params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  let row_tiles = (params.rows + TILE_ROWS - 1u) / TILE_ROWS;
  let origin = vec2u(tile % row_tiles * TILE_ROWS, tile / row_tiles * TILE_COLS);
  if (origin.y >= params.cols) { return; } // the grid may be a little larger than the tiles
  finish_tile(origin, lane, accumulate(origin, params.range, lane));
}
