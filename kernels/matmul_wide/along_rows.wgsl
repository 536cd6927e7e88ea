// kernels/matmul_wide/along_rows.wgsl: sums of matmul_wide.wgsl, where A is stored transposed.
//
// Math       tile = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y
// Shapes     A [rows, depth] is stored [depth, rows], B [depth, cols]; rows and cols are multiples of 8.
// Launch     by 8 lanes for 32 rows and, each, 8 columns: for two steps of k at once, a lane holds 8
//            of the 32 rows of one.
// Numerics   as parts/matmul_tile.wgsl has it.
// Source     measured on lavapipe: 4 steps of k an iteration take 0.85 of the time of 8. Sums over
//            more k than the cache holds rows of take up to 1.6 times as long: src/ops/matmul.ts.

import package::parts::matmul_params::params;
import package::parts::matmul_tile::{Tile, step};
import package::parts::wide_cells::{Cell, from_cell};

@group(0) @binding(1) var<storage, read> a: array<Cell>;
@group(0) @binding(2) var<storage, read> b: array<Cell>;

// Eight rows at one step of k, 0 past the end of the sum.
fn a_at(row: u32, k: u32) -> mat2x4f {
  let last = params.range.y - 1u;
  let loaded = from_cell(a[(min(k, last) * params.a_k + row) / 8u]);
  return loaded * select(0.0, 1.0, k <= last);
}

fn b_at(col: u32, k: u32) -> mat2x4f {
  return from_cell(b[(min(k, params.range.y - 1u) * params.b_k + col) / 8u]);
}

// Four steps of k of four rows, a column for each row: lanes n and 4+n hold them, of two steps each.
fn rows_0(first: vec4f, next: vec4f) -> mat4x4f {
  return transpose(mat4x4f(subgroupBroadcast(first, 0u), subgroupBroadcast(first, 4u),
                           subgroupBroadcast(next, 0u), subgroupBroadcast(next, 4u)));
}
fn rows_1(first: vec4f, next: vec4f) -> mat4x4f {
  return transpose(mat4x4f(subgroupBroadcast(first, 1u), subgroupBroadcast(first, 5u),
                           subgroupBroadcast(next, 1u), subgroupBroadcast(next, 5u)));
}
fn rows_2(first: vec4f, next: vec4f) -> mat4x4f {
  return transpose(mat4x4f(subgroupBroadcast(first, 2u), subgroupBroadcast(first, 6u),
                           subgroupBroadcast(next, 2u), subgroupBroadcast(next, 6u)));
}
fn rows_3(first: vec4f, next: vec4f) -> mat4x4f {
  return transpose(mat4x4f(subgroupBroadcast(first, 3u), subgroupBroadcast(first, 7u),
                           subgroupBroadcast(next, 3u), subgroupBroadcast(next, 7u)));
}

fn accumulate(first_row: u32, first_col: u32, lane: u32) -> Tile {
  // Rows and columns past the edge read the last ones; their sums are never stored.
  let row = min(first_row + lane % 4u * 8u, params.rows - 8u);
  let col = min(first_col, params.cols - 8u);
  let odd = lane / 4u;
  var l0 = mat4x4f(); var r0 = mat4x4f(); var l1 = mat4x4f(); var r1 = mat4x4f();
  var l2 = mat4x4f(); var r2 = mat4x4f(); var l3 = mat4x4f(); var r3 = mat4x4f();
  var l4 = mat4x4f(); var r4 = mat4x4f(); var l5 = mat4x4f(); var r5 = mat4x4f();
  var l6 = mat4x4f(); var r6 = mat4x4f(); var l7 = mat4x4f(); var r7 = mat4x4f();

  for (var k = params.range.x; k < params.range.y; k += 4u) {
    let p0 = a_at(row, k + odd); let q0 = a_at(row, k + 2u + odd);
    let u0 = b_at(col, k); let v0 = b_at(col, k + 1u);
    let w0 = b_at(col, k + 2u); let z0 = b_at(col, k + 3u);
    let left0 = mat4x4f(u0[0], v0[0], w0[0], z0[0]);
    let right0 = mat4x4f(u0[1], v0[1], w0[1], z0[1]);
    let x0 = rows_0(p0[0], q0[0]);
    l0 = step(l0, left0, x0); r0 = step(r0, right0, x0);
    let x1 = rows_0(p0[1], q0[1]);
    l1 = step(l1, left0, x1); r1 = step(r1, right0, x1);
    let x2 = rows_1(p0[0], q0[0]);
    l2 = step(l2, left0, x2); r2 = step(r2, right0, x2);
    let x3 = rows_1(p0[1], q0[1]);
    l3 = step(l3, left0, x3); r3 = step(r3, right0, x3);
    let x4 = rows_2(p0[0], q0[0]);
    l4 = step(l4, left0, x4); r4 = step(r4, right0, x4);
    let x5 = rows_2(p0[1], q0[1]);
    l5 = step(l5, left0, x5); r5 = step(r5, right0, x5);
    let x6 = rows_3(p0[0], q0[0]);
    l6 = step(l6, left0, x6); r6 = step(r6, right0, x6);
    let x7 = rows_3(p0[1], q0[1]);
    l7 = step(l7, left0, x7); r7 = step(r7, right0, x7);
  }
  return Tile(l0, l1, l2, l3, l4, l5, l6, l7, r0, r1, r2, r3, r4, r5, r6, r7);
}
