// kernels/matmul_tiled/sums.wgsl: what the lanes of matmul_tiled.wgsl and matmul_split.wgsl sum up.
//
// Linked to scalars.wgsl or vectors.wgsl as `loads`.
//
// Math       tile = Σ_k A[row, k]·B[k, col] over range.x ≤ k < range.y
// Shapes     a lane holds 8 rows of 8 columns of the tile, 16 × 8 lanes 128 rows and 64 columns.
//            Workgroup memory holds 16 steps of k, 80 bytes for each row and column: 15 KiB.
// Launch     by LANE_ROWS × LANE_COLS lanes, 8 or 16 each.
// Numerics   f32 sums in the order of k.
// Source     Volkov, Demmel 2008, doi:10.1145/1413370.1413402. For 4 steps of k a lane reads 16 vec4
//            from workgroup memory for 256 multiply-adds; for 16 steps it loads 16 to 32 elements
//            from the tensors for 1024, one block ahead of the sums that use them.
//
// A block lies in workgroup memory in vec4 along the axis on which its tensor is contiguous: along k
// (ALONG_K), or along rows of A or columns of B. The lane's rows and columns are spread so that
// neighbouring lanes read different banks in either form.

import package::loads::{load_a, load_b};

override LANE_ROWS: u32 = 16; // 8 or 16
override LANE_COLS: u32 = 8; // 8 or 16
override WORKGROUP_SIZE: u32 = LANE_ROWS * LANE_COLS;
override TILE_ROWS: u32 = 8u * LANE_ROWS;
override TILE_COLS: u32 = 8u * LANE_COLS;
override A_ALONG_K: bool = true;
override B_ALONG_K: bool = true;

const DEPTH = 16u;
const PITCH = 5u; // vec4 of one row or column along k: 4, and 1 that keeps banks apart

// What a lane sums: [half of the rows][half of the columns], a column for each row.
struct Tile { c00: mat4x4f, c01: mat4x4f, c10: mat4x4f, c11: mat4x4f }

var<workgroup> a_block: array<vec4f, TILE_ROWS * PITCH>; // at least DEPTH · TILE_ROWS / 4
var<workgroup> b_block: array<vec4f, TILE_COLS * PITCH>; // at least DEPTH · TILE_COLS / 4

// Position along one side of the tile of a lane's `index`-th of 8 rows or columns.
fn spread(along_k: bool, index: u32, lane: u32, lanes: u32) -> u32 {
  if (along_k) { return index * lanes + lane; }
  return (index / 4u * lanes + lane) * 4u + index % 4u;
}

// Where the `task`-th vec4 of a block comes from, first along the side of the tile, then along k.
fn source_of(along_k: bool, task: u32, side: u32) -> vec2u {
  if (along_k) { return vec2u(task / 4u, task % 4u * 4u); }
  return vec2u(task % (side / 4u) * 4u, task / (side / 4u));
}

// Index in its block of the `task`-th vec4.
fn slot_of(along_k: bool, task: u32) -> u32 {
  return select(task, task / 4u * PITCH + task % 4u, along_k);
}

// Four rows of A by four steps of k, one column of the matrix for each step.
fn read_a(half: u32, lane: u32, quad: u32) -> mat4x4f {
  if (A_ALONG_K) {
    let at = (half * 4u * LANE_ROWS + lane) * PITCH + quad;
    let next = LANE_ROWS * PITCH;
    return transpose(mat4x4f(a_block[at], a_block[at + next], a_block[at + 2u * next],
                             a_block[at + 3u * next]));
  }
  let at = quad * TILE_ROWS + half * LANE_ROWS + lane;
  let next = TILE_ROWS / 4u;
  return mat4x4f(a_block[at], a_block[at + next], a_block[at + 2u * next], a_block[at + 3u * next]);
}

// Four columns of B by four steps of k, one column of the matrix for each step.
fn read_b(half: u32, lane: u32, quad: u32) -> mat4x4f {
  if (B_ALONG_K) {
    let at = (half * 4u * LANE_COLS + lane) * PITCH + quad;
    let next = LANE_COLS * PITCH;
    return transpose(mat4x4f(b_block[at], b_block[at + next], b_block[at + 2u * next],
                             b_block[at + 3u * next]));
  }
  let at = quad * TILE_COLS + half * LANE_COLS + lane;
  let next = TILE_COLS / 4u;
  return mat4x4f(b_block[at], b_block[at + next], b_block[at + 2u * next], b_block[at + 3u * next]);
}

// One row of four columns: its old sums and four more steps of k.
fn step_row(sums: vec4f, row: vec4f, cols: mat4x4f) -> vec4f {
  let s0 = fma(vec4f(row.x), cols[0], sums);
  let s1 = fma(vec4f(row.y), cols[1], s0);
  let s2 = fma(vec4f(row.z), cols[2], s1);
  return fma(vec4f(row.w), cols[3], s2);
}

// Four rows of four columns; `rows` has one column for each step of k.
fn step(sums: mat4x4f, rows: mat4x4f, cols: mat4x4f) -> mat4x4f {
  let by_row = transpose(rows);
  return mat4x4f(step_row(sums[0], by_row[0], cols), step_row(sums[1], by_row[1], cols),
                 step_row(sums[2], by_row[2], cols), step_row(sums[3], by_row[3], cols));
}

fn accumulate(origin: vec2u, range: vec2u, lane: u32) -> Tile {
  let lane_row = lane / LANE_COLS;
  let lane_col = lane % LANE_COLS;
  // What this lane loads: every WORKGROUP_SIZE-th of the 4·TILE_ROWS and 4·TILE_COLS vec4 of a block,
  // 4 of them where its block has 8 lanes across, 2 where it has 16.
  let task_1 = lane + WORKGROUP_SIZE;
  let task_2 = lane + 2u * WORKGROUP_SIZE;
  let task_3 = lane + 3u * WORKGROUP_SIZE;
  var k = range.x;
  var a0 = load_a(lane, origin.x, k, range.y);
  var a1 = load_a(task_1, origin.x, k, range.y);
  var a2 = vec4f(); var a3 = vec4f();
  if (LANE_COLS == 8u) {
    a2 = load_a(task_2, origin.x, k, range.y);
    a3 = load_a(task_3, origin.x, k, range.y);
  }
  var b0 = load_b(lane, origin.y, k, range.y);
  var b1 = load_b(task_1, origin.y, k, range.y);
  var b2 = vec4f(); var b3 = vec4f();
  if (LANE_ROWS == 8u) {
    b2 = load_b(task_2, origin.y, k, range.y);
    b3 = load_b(task_3, origin.y, k, range.y);
  }
  var c00 = mat4x4f(); var c01 = mat4x4f(); // [half of the rows][half of the columns]
  var c10 = mat4x4f(); var c11 = mat4x4f();

  while (k < range.y) {
    workgroupBarrier(); // the block before has been read
    a_block[slot_of(A_ALONG_K, lane)] = a0;
    a_block[slot_of(A_ALONG_K, task_1)] = a1;
    if (LANE_COLS == 8u) {
      a_block[slot_of(A_ALONG_K, task_2)] = a2;
      a_block[slot_of(A_ALONG_K, task_3)] = a3;
    }
    b_block[slot_of(B_ALONG_K, lane)] = b0;
    b_block[slot_of(B_ALONG_K, task_1)] = b1;
    if (LANE_ROWS == 8u) {
      b_block[slot_of(B_ALONG_K, task_2)] = b2;
      b_block[slot_of(B_ALONG_K, task_3)] = b3;
    }
    workgroupBarrier();
    k += DEPTH;
    a0 = load_a(lane, origin.x, k, range.y);
    a1 = load_a(task_1, origin.x, k, range.y);
    if (LANE_COLS == 8u) {
      a2 = load_a(task_2, origin.x, k, range.y);
      a3 = load_a(task_3, origin.x, k, range.y);
    }
    b0 = load_b(lane, origin.y, k, range.y);
    b1 = load_b(task_1, origin.y, k, range.y);
    if (LANE_ROWS == 8u) {
      b2 = load_b(task_2, origin.y, k, range.y);
      b3 = load_b(task_3, origin.y, k, range.y);
    }
    for (var quad = 0u; quad < 4u; quad++) {
      let cols_0 = read_b(0u, lane_col, quad);
      let cols_1 = read_b(1u, lane_col, quad);
      let rows_0 = read_a(0u, lane_row, quad);
      let rows_1 = read_a(1u, lane_row, quad);
      c00 = step(c00, rows_0, cols_0);
      c01 = step(c01, rows_0, cols_1);
      c10 = step(c10, rows_1, cols_0);
      c11 = step(c11, rows_1, cols_1);
    }
  }
  return Tile(c00, c01, c10, c11);
}
