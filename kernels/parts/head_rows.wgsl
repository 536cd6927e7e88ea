// kernels/parts/head_rows.wgsl: eight rows of a head, and products with four others.
//
// Shapes     a lane holds 8 neighbouring numbers of each row, as parts/cells.wgsl has them; of
//            numbers for each of the eight rows, lane n holds those of row n, one for each of four
//            columns. Columns are four rows too: `first` has the first four numbers of each, `last`
//            the last.
// Launch     by subgroups of 8 lanes, for heads of up to 64 numbers.
// Numerics   f32; a product of two rows is summed within lanes, then in a tree over them.

import package::parts::cells::Value;

struct Rows {
  r0: Value, r1: Value, r2: Value, r3: Value, r4: Value, r5: Value, r6: Value, r7: Value,
}

struct Columns { first: mat4x4f, last: mat4x4f }

fn columns_of(c0: Value, c1: Value, c2: Value, c3: Value) -> Columns {
  return Columns(mat4x4f(c0[0], c1[0], c2[0], c3[0]), mat4x4f(c0[1], c1[1], c2[1], c3[1]));
}

// This lane's part of the products of one row with four.
fn part_of(row: Value, c: Columns) -> vec4f { return row[0] * c.first + row[1] * c.last; }

// Lanes whose number has the bit sum up b, the others a, each with those of its partner.
fn fold(a: vec4f, b: vec4f, lane: u32, bit: u32) -> vec4f {
  let has = (lane & bit) != 0u;
  return select(a, b, has) + subgroupShuffle(select(b, a, has), lane ^ bit);
}

// Products of eight rows with four.
fn products_of(rows: Rows, c: Columns, lane: u32) -> vec4f {
  let p01 = fold(part_of(rows.r0, c), part_of(rows.r1, c), lane, 1u);
  let p23 = fold(part_of(rows.r2, c), part_of(rows.r3, c), lane, 1u);
  let p03 = fold(p01, p23, lane, 2u);
  let p45 = fold(part_of(rows.r4, c), part_of(rows.r5, c), lane, 1u);
  let p67 = fold(part_of(rows.r6, c), part_of(rows.r7, c), lane, 1u);
  let p47 = fold(p45, p67, lane, 2u);
  return fold(p03, p47, lane, 4u);
}

fn mix(c: Columns, weights: vec4f) -> Value { return Value(c.first * weights, c.last * weights); }

// Rows plus mixtures of the columns, by weights for each row.
fn with_mixtures(rows: Rows, c: Columns, weights: vec4f) -> Rows {
  return Rows(
    rows.r0 + mix(c, subgroupBroadcast(weights, 0u)),
    rows.r1 + mix(c, subgroupBroadcast(weights, 1u)),
    rows.r2 + mix(c, subgroupBroadcast(weights, 2u)),
    rows.r3 + mix(c, subgroupBroadcast(weights, 3u)),
    rows.r4 + mix(c, subgroupBroadcast(weights, 4u)),
    rows.r5 + mix(c, subgroupBroadcast(weights, 5u)),
    rows.r6 + mix(c, subgroupBroadcast(weights, 6u)),
    rows.r7 + mix(c, subgroupBroadcast(weights, 7u))
  );
}

fn scaled(rows: Rows, by: f32) -> Rows {
  return Rows(
    rows.r0 * subgroupBroadcast(by, 0u), rows.r1 * subgroupBroadcast(by, 1u),
    rows.r2 * subgroupBroadcast(by, 2u), rows.r3 * subgroupBroadcast(by, 3u),
    rows.r4 * subgroupBroadcast(by, 4u), rows.r5 * subgroupBroadcast(by, 5u),
    rows.r6 * subgroupBroadcast(by, 6u), rows.r7 * subgroupBroadcast(by, 7u)
  );
}
