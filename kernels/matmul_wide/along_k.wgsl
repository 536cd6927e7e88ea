// kernels/matmul_wide/along_k.wgsl: sums of matmul_wide.wgsl, where rows of A lie along k.
//
// Math       tile = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y
// Shapes     A [rows, depth], contiguous along k; B [depth, cols], contiguous along k or along its
//            columns; the lengths of those axes, and where the sum begins, are multiples of 8.
// Launch     by 8 lanes for 32 rows and, each, 8 columns.
// Numerics   as parts/matmul_tile.wgsl has it.
// Source     measured on lavapipe: to transpose loads in registers costs nothing.

import package::parts::matmul_params::params;
import package::parts::matmul_tile::{Tile, step};
import package::parts::wide_cells::{Cell, from_cell};

override B_ALONG_K: bool = false;

@group(0) @binding(1) var<storage, read> a: array<Cell>;
@group(0) @binding(2) var<storage, read> b: array<Cell>;

fn a_at(at: u32) -> mat2x4f { return from_cell(a[at / 8u]); }
fn b_at(at: u32) -> mat2x4f { return from_cell(b[at / 8u]); }

// Eight steps of k of 8 columns, the first and the last four of either; a column for each step.
struct Block { left_first: mat4x4f, left_last: mat4x4f, right_first: mat4x4f, right_last: mat4x4f }

fn load_block(col: u32, k: u32) -> Block {
  let at = k * params.b_k + col * params.b_col;
  let next = select(params.b_k, params.b_col, B_ALONG_K);
  let v0 = b_at(at); let v1 = b_at(at + next);
  let v2 = b_at(at + 2u * next); let v3 = b_at(at + 3u * next);
  let v4 = b_at(at + 4u * next); let v5 = b_at(at + 5u * next);
  let v6 = b_at(at + 6u * next); let v7 = b_at(at + 7u * next);
  let m00 = mat4x4f(v0[0], v1[0], v2[0], v3[0]);
  let m01 = mat4x4f(v0[1], v1[1], v2[1], v3[1]);
  let m10 = mat4x4f(v4[0], v5[0], v6[0], v7[0]);
  let m11 = mat4x4f(v4[1], v5[1], v6[1], v7[1]);
  if (B_ALONG_K) { return Block(transpose(m00), transpose(m01), transpose(m10), transpose(m11)); }
  return Block(m00, m10, m01, m11);
}

// Four steps of k of the rows that the first four lanes hold, or the last four.
fn first_rows(held: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(held, 0u), subgroupBroadcast(held, 1u),
                 subgroupBroadcast(held, 2u), subgroupBroadcast(held, 3u));
}
fn last_rows(held: vec4f) -> mat4x4f {
  return mat4x4f(subgroupBroadcast(held, 4u), subgroupBroadcast(held, 5u),
                 subgroupBroadcast(held, 6u), subgroupBroadcast(held, 7u));
}

fn accumulate(first_row: u32, first_col: u32, lane: u32) -> Tile {
  // Rows and columns past the edge read the last ones; their sums are never stored.
  let rows = min(vec4u(first_row + lane) + vec4u(0u, 8u, 16u, 24u), vec4u(params.rows - 1u));
  let starts = rows * params.a_row;
  let col = min(first_col, params.cols - 8u);
  var l0 = mat4x4f(); var r0 = mat4x4f(); var l1 = mat4x4f(); var r1 = mat4x4f();
  var l2 = mat4x4f(); var r2 = mat4x4f(); var l3 = mat4x4f(); var r3 = mat4x4f();
  var l4 = mat4x4f(); var r4 = mat4x4f(); var l5 = mat4x4f(); var r5 = mat4x4f();
  var l6 = mat4x4f(); var r6 = mat4x4f(); var l7 = mat4x4f(); var r7 = mat4x4f();

  for (var k = params.range.x; k < params.range.y; k += 8u) {
    let b8 = load_block(col, k);

    let a0 = a_at(starts.x + k); // lane n: row n of the tile
    let x0 = first_rows(a0[0]);
    l0 = step(l0, b8.left_first, x0); r0 = step(r0, b8.right_first, x0);
    let x1 = first_rows(a0[1]);
    l0 = step(l0, b8.left_last, x1); r0 = step(r0, b8.right_last, x1);
    let x2 = last_rows(a0[0]);
    l1 = step(l1, b8.left_first, x2); r1 = step(r1, b8.right_first, x2);
    let x3 = last_rows(a0[1]);
    l1 = step(l1, b8.left_last, x3); r1 = step(r1, b8.right_last, x3);

    let a1 = a_at(starts.y + k); // lane n: row 8+n
    let x4 = first_rows(a1[0]);
    l2 = step(l2, b8.left_first, x4); r2 = step(r2, b8.right_first, x4);
    let x5 = first_rows(a1[1]);
    l2 = step(l2, b8.left_last, x5); r2 = step(r2, b8.right_last, x5);
    let x6 = last_rows(a1[0]);
    l3 = step(l3, b8.left_first, x6); r3 = step(r3, b8.right_first, x6);
    let x7 = last_rows(a1[1]);
    l3 = step(l3, b8.left_last, x7); r3 = step(r3, b8.right_last, x7);

    let a2 = a_at(starts.z + k); // lane n: row 16+n
    let x8 = first_rows(a2[0]);
    l4 = step(l4, b8.left_first, x8); r4 = step(r4, b8.right_first, x8);
    let x9 = first_rows(a2[1]);
    l4 = step(l4, b8.left_last, x9); r4 = step(r4, b8.right_last, x9);
    let x10 = last_rows(a2[0]);
    l5 = step(l5, b8.left_first, x10); r5 = step(r5, b8.right_first, x10);
    let x11 = last_rows(a2[1]);
    l5 = step(l5, b8.left_last, x11); r5 = step(r5, b8.right_last, x11);

    let a3 = a_at(starts.w + k); // lane n: row 24+n
    let x12 = first_rows(a3[0]);
    l6 = step(l6, b8.left_first, x12); r6 = step(r6, b8.right_first, x12);
    let x13 = first_rows(a3[1]);
    l6 = step(l6, b8.left_last, x13); r6 = step(r6, b8.right_last, x13);
    let x14 = last_rows(a3[0]);
    l7 = step(l7, b8.left_first, x14); r7 = step(r7, b8.right_first, x14);
    let x15 = last_rows(a3[1]);
    l7 = step(l7, b8.left_last, x15); r7 = step(r7, b8.right_last, x15);
  }
  return Tile(l0, l1, l2, l3, l4, l5, l6, l7, r0, r1, r2, r3, r4, r5, r6, r7);
}
