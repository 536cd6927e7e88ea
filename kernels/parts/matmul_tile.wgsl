// kernels/parts/matmul_tile.wgsl: the sums of a lane of matmul_wide.wgsl.
//
// Shapes     32 rows of 8 columns, in matrices of four rows, a column for each, of the left or right
//            four columns of the product.
// Numerics   four products are added up before they join the sum.

struct Tile {
  left0: mat4x4f, left1: mat4x4f, left2: mat4x4f, left3: mat4x4f,
  left4: mat4x4f, left5: mat4x4f, left6: mat4x4f, left7: mat4x4f,
  right0: mat4x4f, right1: mat4x4f, right2: mat4x4f, right3: mat4x4f,
  right4: mat4x4f, right5: mat4x4f, right6: mat4x4f, right7: mat4x4f,
}

// Four steps of k for four columns of B, a column for each step, times those of one row of A.
fn times(block: mat4x4f, row: vec4f) -> vec4f {
  return block[0] * row.x + block[1] * row.y + block[2] * row.z + block[3] * row.w;
}

// Four more steps of k for four rows, a column for each.
fn step(sums: mat4x4f, block: mat4x4f, rows: mat4x4f) -> mat4x4f {
  return mat4x4f(sums[0] + times(block, rows[0]), sums[1] + times(block, rows[1]),
                 sums[2] + times(block, rows[2]), sums[3] + times(block, rows[3]));
}
