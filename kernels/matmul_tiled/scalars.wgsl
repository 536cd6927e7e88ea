// kernels/matmul_tiled/scalars.wgsl: the operands of matmul_tiled.wgsl, number by number.
//
// Math       load_a, load_b: the `task`-th vec4 of a block that begins at a row or column and at k
// Shapes     A [rows, depth], B [depth, cols], each through two strides, whatever these are.
// Numerics   exact. Past the end of the sum A is 0 and B some other row; past the edge of the tensor
//            both are the last row or column, whose sums are never stored.
// Source     fits any sizes; vectors.wgsl takes a third of the instructions where it fits.

import package::matmul_tiled::sums::{A_ALONG_K, B_ALONG_K, TILE_COLS, TILE_ROWS, source_of};
import package::parts::elem::elem;
import package::parts::matmul_params::params;

@group(0) @binding(1) var<storage, read> a: array<elem>;
@group(0) @binding(2) var<storage, read> b: array<elem>;

// The four neighbours of a place: along k, or along the side of the tile.
fn along(is_on_axis: bool, first: u32) -> vec4u {
  return vec4u(first) + select(vec4u(0u), vec4u(0u, 1u, 2u, 3u), is_on_axis);
}

fn load_a(task: u32, first_row: u32, k: u32, k_end: u32) -> vec4f {
  let place = source_of(A_ALONG_K, task, TILE_ROWS);
  let rows = min(along(!A_ALONG_K, first_row + place.x), vec4u(params.rows - 1u));
  let steps = along(A_ALONG_K, k + place.y);
  let last = vec4u(k_end - 1u);
  let at = rows * params.a_row + min(steps, last) * params.a_k;
  let loaded = vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
  return select(vec4f(0.0), loaded, steps <= last);
}

fn load_b(task: u32, first_col: u32, k: u32, k_end: u32) -> vec4f {
  let place = source_of(B_ALONG_K, task, TILE_COLS);
  let cols = min(along(!B_ALONG_K, first_col + place.x), vec4u(params.cols - 1u));
  let steps = min(along(B_ALONG_K, k + place.y), vec4u(k_end - 1u));
  let at = cols * params.b_col + steps * params.b_k;
  return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w]));
}
