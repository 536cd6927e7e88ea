// kernels/matmul_wide/along_rows.wgsl: sums of matmul_wide.wgsl, where A is stored transposed.
//
// Math       tile = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y
// Shapes     A [rows, depth] is stored [depth, rows], B [depth, cols]; rows and cols are multiples of 8.
// Launch     by 8 lanes for 32 rows and, each, 8 columns: for two steps of k at once, a lane holds 8
//            of the 32 rows of one.
// Numerics   f32 sums; four products are added up before they join the sum.
// Source     measured on lavapipe: 4 steps of k an iteration take 0.85 of the time of 8. Sums over
//            more k than the cache holds rows of take up to 1.6 times as long: src/ops/matmul.ts.

import package::matmul_wide::tile::Tile;
import package::parts::cells::{Cell, from_cell};
import package::parts::matmul_params::params;

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

// Four steps of k of this lane's columns.
struct Block { k0: mat2x4f, k1: mat2x4f, k2: mat2x4f, k3: mat2x4f }

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

// One row of the tile: its old sums and four more steps of k.
fn step(sums: mat2x4f, b: Block, steps: vec4f) -> mat2x4f {
  return sums + (b.k0 * steps.x + b.k1 * steps.y + b.k2 * steps.z + b.k3 * steps.w);
}

fn accumulate(first_row: u32, first_col: u32, lane: u32) -> Tile {
  // Rows and columns past the edge read the last ones; their sums are never stored.
  let row = min(first_row + lane % 4u * 8u, params.rows - 8u);
  let col = min(first_col, params.cols - 8u);
  let odd = lane / 4u;
  var r00 = mat2x4f(); var r01 = mat2x4f(); var r02 = mat2x4f(); var r03 = mat2x4f();
  var r04 = mat2x4f(); var r05 = mat2x4f(); var r06 = mat2x4f(); var r07 = mat2x4f();
  var r08 = mat2x4f(); var r09 = mat2x4f(); var r10 = mat2x4f(); var r11 = mat2x4f();
  var r12 = mat2x4f(); var r13 = mat2x4f(); var r14 = mat2x4f(); var r15 = mat2x4f();
  var r16 = mat2x4f(); var r17 = mat2x4f(); var r18 = mat2x4f(); var r19 = mat2x4f();
  var r20 = mat2x4f(); var r21 = mat2x4f(); var r22 = mat2x4f(); var r23 = mat2x4f();
  var r24 = mat2x4f(); var r25 = mat2x4f(); var r26 = mat2x4f(); var r27 = mat2x4f();
  var r28 = mat2x4f(); var r29 = mat2x4f(); var r30 = mat2x4f(); var r31 = mat2x4f();

  for (var k = params.range.x; k < params.range.y; k += 4u) {
    let b = Block(b_at(col, k), b_at(col, k + 1u), b_at(col, k + 2u), b_at(col, k + 3u));
    let a0 = a_at(row, k + odd); let a2 = a_at(row, k + 2u + odd);
    let x0 = rows_0(a0[0], a2[0]);
    r00 = step(r00, b, x0[0]);
    r01 = step(r01, b, x0[1]);
    r02 = step(r02, b, x0[2]);
    r03 = step(r03, b, x0[3]);
    let x1 = rows_0(a0[1], a2[1]);
    r04 = step(r04, b, x1[0]);
    r05 = step(r05, b, x1[1]);
    r06 = step(r06, b, x1[2]);
    r07 = step(r07, b, x1[3]);
    let x2 = rows_1(a0[0], a2[0]);
    r08 = step(r08, b, x2[0]);
    r09 = step(r09, b, x2[1]);
    r10 = step(r10, b, x2[2]);
    r11 = step(r11, b, x2[3]);
    let x3 = rows_1(a0[1], a2[1]);
    r12 = step(r12, b, x3[0]);
    r13 = step(r13, b, x3[1]);
    r14 = step(r14, b, x3[2]);
    r15 = step(r15, b, x3[3]);
    let x4 = rows_2(a0[0], a2[0]);
    r16 = step(r16, b, x4[0]);
    r17 = step(r17, b, x4[1]);
    r18 = step(r18, b, x4[2]);
    r19 = step(r19, b, x4[3]);
    let x5 = rows_2(a0[1], a2[1]);
    r20 = step(r20, b, x5[0]);
    r21 = step(r21, b, x5[1]);
    r22 = step(r22, b, x5[2]);
    r23 = step(r23, b, x5[3]);
    let x6 = rows_3(a0[0], a2[0]);
    r24 = step(r24, b, x6[0]);
    r25 = step(r25, b, x6[1]);
    r26 = step(r26, b, x6[2]);
    r27 = step(r27, b, x6[3]);
    let x7 = rows_3(a0[1], a2[1]);
    r28 = step(r28, b, x7[0]);
    r29 = step(r29, b, x7[1]);
    r30 = step(r30, b, x7[2]);
    r31 = step(r31, b, x7[3]);
  }
  return Tile(
    r00, r01, r02, r03, r04, r05, r06, r07,
    r08, r09, r10, r11, r12, r13, r14, r15,
    r16, r17, r18, r19, r20, r21, r22, r23,
    r24, r25, r26, r27, r28, r29, r30, r31
  );
}
