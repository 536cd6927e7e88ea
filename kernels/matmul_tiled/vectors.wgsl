// kernels/matmul_tiled/vectors.wgsl: the operands of matmul_tiled.wgsl, four numbers at once.
//
// Math       load_a, load_b: the `task`-th vec4 of a block that begins at a row or column and at k
// Shapes     A [rows, depth], B [depth, cols], each through two strides. Along the axis on which a
//            tensor is contiguous, sizes are multiples of 4, and so are both ends of the sum if that
//            axis is k: four neighbours are all inside or all outside.
// Numerics   exact. Past the end of the sum A is 0 and B some other row; past the edge of the tensor
//            both are the last rows or columns, whose sums are never stored.
// Source     for a block a lane has 6 loads to make instead of 24.

import package::matmul_tiled::sums::{A_ALONG_K, B_ALONG_K, TILE_COLS, TILE_ROWS, source_of};
import package::parts::elem::elem;
import package::parts::matmul_params::params;

@group(0) @binding(1) var<storage, read> a: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<elem>>;

// The last place along the side of a tile, and along k, at which four neighbours begin.
fn last_of(along_k: bool, side: u32, k_end: u32) -> vec2u {
  return vec2u(side, k_end) - select(vec2u(4u, 1u), vec2u(1u, 4u), along_k);
}

fn load_a(task: u32, first_row: u32, k: u32, k_end: u32) -> vec4f {
  let place = vec2u(first_row, k) + source_of(A_ALONG_K, task, TILE_ROWS);
  let inside = min(place, last_of(A_ALONG_K, params.rows, k_end));
  let loaded = vec4f(a[(inside.x * params.a_row + inside.y * params.a_k) / 4u]);
  return select(vec4f(0.0), loaded, place.y < k_end);
}

fn load_b(task: u32, first_col: u32, k: u32, k_end: u32) -> vec4f {
  let place = vec2u(first_col, k) + source_of(B_ALONG_K, task, TILE_COLS);
  let inside = min(place, last_of(B_ALONG_K, params.cols, k_end));
  return vec4f(b[(inside.x * params.b_col + inside.y * params.b_k) / 4u]);
}
