// kernels/matmul_wide/along_k.wgsl: sums of matmul_wide.wgsl, where rows of A lie along k.
//
// Math       tile = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y
// Shapes     A [rows, depth], contiguous along k; B [depth, cols], contiguous along k or along its
//            columns; the lengths of those axes, and where the sum begins, are multiples of 8.
// Launch     by 8 lanes for 32 rows and, each, 8 columns.
// Numerics   f32 sums; two times four products are added up before they join the sum.
// Source     measured on lavapipe: to transpose loads in registers costs nothing.

import package::matmul_wide::tile::Tile;
import package::parts::cells::{Cell, from_cell};
import package::parts::matmul_params::params;

override B_ALONG_K: bool = false;

@group(0) @binding(1) var<storage, read> a: array<Cell>;
@group(0) @binding(2) var<storage, read> b: array<Cell>;

fn a_at(at: u32) -> mat2x4f { return from_cell(a[at / 8u]); }
fn b_at(at: u32) -> mat2x4f { return from_cell(b[at / 8u]); }

// Eight steps of k of this lane's columns.
struct Block {
  k0: mat2x4f, k1: mat2x4f, k2: mat2x4f, k3: mat2x4f,
  k4: mat2x4f, k5: mat2x4f, k6: mat2x4f, k7: mat2x4f,
}

fn load_block(col: u32, k: u32) -> Block {
  let at = k * params.b_k + col * params.b_col;
  let next = select(params.b_k, params.b_col, B_ALONG_K);
  let v0 = b_at(at); let v1 = b_at(at + next);
  let v2 = b_at(at + 2u * next); let v3 = b_at(at + 3u * next);
  let v4 = b_at(at + 4u * next); let v5 = b_at(at + 5u * next);
  let v6 = b_at(at + 6u * next); let v7 = b_at(at + 7u * next);
  if (!B_ALONG_K) { return Block(v0, v1, v2, v3, v4, v5, v6, v7); }
  let a = transpose(mat4x4f(v0[0], v1[0], v2[0], v3[0])); // first columns, first steps
  let b = transpose(mat4x4f(v4[0], v5[0], v6[0], v7[0])); // last columns
  let c = transpose(mat4x4f(v0[1], v1[1], v2[1], v3[1])); // first columns, last steps
  let d = transpose(mat4x4f(v4[1], v5[1], v6[1], v7[1]));
  return Block(mat2x4f(a[0], b[0]), mat2x4f(a[1], b[1]), mat2x4f(a[2], b[2]), mat2x4f(a[3], b[3]),
               mat2x4f(c[0], d[0]), mat2x4f(c[1], d[1]), mat2x4f(c[2], d[2]), mat2x4f(c[3], d[3]));
}

// One row of the tile: its old sums and eight more steps of k.
fn step(sums: mat2x4f, b: Block, first: vec4f, last: vec4f) -> mat2x4f {
  return sums + ((b.k0 * first.x + b.k1 * first.y + b.k2 * first.z + b.k3 * first.w)
               + (b.k4 * last.x + b.k5 * last.y + b.k6 * last.z + b.k7 * last.w));
}

fn accumulate(first_row: u32, first_col: u32, lane: u32) -> Tile {
  // Rows and columns past the edge read the last ones; their sums are never stored.
  let rows = min(vec4u(first_row + lane) + vec4u(0u, 8u, 16u, 24u), vec4u(params.rows - 1u));
  let starts = rows * params.a_row;
  let col = min(first_col, params.cols - 8u);
  var r00 = mat2x4f(); var r01 = mat2x4f(); var r02 = mat2x4f(); var r03 = mat2x4f();
  var r04 = mat2x4f(); var r05 = mat2x4f(); var r06 = mat2x4f(); var r07 = mat2x4f();
  var r08 = mat2x4f(); var r09 = mat2x4f(); var r10 = mat2x4f(); var r11 = mat2x4f();
  var r12 = mat2x4f(); var r13 = mat2x4f(); var r14 = mat2x4f(); var r15 = mat2x4f();
  var r16 = mat2x4f(); var r17 = mat2x4f(); var r18 = mat2x4f(); var r19 = mat2x4f();
  var r20 = mat2x4f(); var r21 = mat2x4f(); var r22 = mat2x4f(); var r23 = mat2x4f();
  var r24 = mat2x4f(); var r25 = mat2x4f(); var r26 = mat2x4f(); var r27 = mat2x4f();
  var r28 = mat2x4f(); var r29 = mat2x4f(); var r30 = mat2x4f(); var r31 = mat2x4f();

  for (var k = params.range.x; k < params.range.y; k += 8u) {
    let b = load_block(col, k);

    let a0 = a_at(starts.x + k); // lane n: row n of the tile
    r00 = step(r00, b, subgroupBroadcast(a0[0], 0u), subgroupBroadcast(a0[1], 0u));
    r01 = step(r01, b, subgroupBroadcast(a0[0], 1u), subgroupBroadcast(a0[1], 1u));
    r02 = step(r02, b, subgroupBroadcast(a0[0], 2u), subgroupBroadcast(a0[1], 2u));
    r03 = step(r03, b, subgroupBroadcast(a0[0], 3u), subgroupBroadcast(a0[1], 3u));
    r04 = step(r04, b, subgroupBroadcast(a0[0], 4u), subgroupBroadcast(a0[1], 4u));
    r05 = step(r05, b, subgroupBroadcast(a0[0], 5u), subgroupBroadcast(a0[1], 5u));
    r06 = step(r06, b, subgroupBroadcast(a0[0], 6u), subgroupBroadcast(a0[1], 6u));
    r07 = step(r07, b, subgroupBroadcast(a0[0], 7u), subgroupBroadcast(a0[1], 7u));

    let a1 = a_at(starts.y + k); // lane n: row 8+n
    r08 = step(r08, b, subgroupBroadcast(a1[0], 0u), subgroupBroadcast(a1[1], 0u));
    r09 = step(r09, b, subgroupBroadcast(a1[0], 1u), subgroupBroadcast(a1[1], 1u));
    r10 = step(r10, b, subgroupBroadcast(a1[0], 2u), subgroupBroadcast(a1[1], 2u));
    r11 = step(r11, b, subgroupBroadcast(a1[0], 3u), subgroupBroadcast(a1[1], 3u));
    r12 = step(r12, b, subgroupBroadcast(a1[0], 4u), subgroupBroadcast(a1[1], 4u));
    r13 = step(r13, b, subgroupBroadcast(a1[0], 5u), subgroupBroadcast(a1[1], 5u));
    r14 = step(r14, b, subgroupBroadcast(a1[0], 6u), subgroupBroadcast(a1[1], 6u));
    r15 = step(r15, b, subgroupBroadcast(a1[0], 7u), subgroupBroadcast(a1[1], 7u));

    let a2 = a_at(starts.z + k); // lane n: row 16+n
    r16 = step(r16, b, subgroupBroadcast(a2[0], 0u), subgroupBroadcast(a2[1], 0u));
    r17 = step(r17, b, subgroupBroadcast(a2[0], 1u), subgroupBroadcast(a2[1], 1u));
    r18 = step(r18, b, subgroupBroadcast(a2[0], 2u), subgroupBroadcast(a2[1], 2u));
    r19 = step(r19, b, subgroupBroadcast(a2[0], 3u), subgroupBroadcast(a2[1], 3u));
    r20 = step(r20, b, subgroupBroadcast(a2[0], 4u), subgroupBroadcast(a2[1], 4u));
    r21 = step(r21, b, subgroupBroadcast(a2[0], 5u), subgroupBroadcast(a2[1], 5u));
    r22 = step(r22, b, subgroupBroadcast(a2[0], 6u), subgroupBroadcast(a2[1], 6u));
    r23 = step(r23, b, subgroupBroadcast(a2[0], 7u), subgroupBroadcast(a2[1], 7u));

    let a3 = a_at(starts.w + k); // lane n: row 24+n
    r24 = step(r24, b, subgroupBroadcast(a3[0], 0u), subgroupBroadcast(a3[1], 0u));
    r25 = step(r25, b, subgroupBroadcast(a3[0], 1u), subgroupBroadcast(a3[1], 1u));
    r26 = step(r26, b, subgroupBroadcast(a3[0], 2u), subgroupBroadcast(a3[1], 2u));
    r27 = step(r27, b, subgroupBroadcast(a3[0], 3u), subgroupBroadcast(a3[1], 3u));
    r28 = step(r28, b, subgroupBroadcast(a3[0], 4u), subgroupBroadcast(a3[1], 4u));
    r29 = step(r29, b, subgroupBroadcast(a3[0], 5u), subgroupBroadcast(a3[1], 5u));
    r30 = step(r30, b, subgroupBroadcast(a3[0], 6u), subgroupBroadcast(a3[1], 6u));
    r31 = step(r31, b, subgroupBroadcast(a3[0], 7u), subgroupBroadcast(a3[1], 7u));
  }
  return Tile(
    r00, r01, r02, r03, r04, r05, r06, r07,
    r08, r09, r10, r11, r12, r13, r14, r15,
    r16, r17, r18, r19, r20, r21, r22, r23,
    r24, r25, r26, r27, r28, r29, r30, r31
  );
}
