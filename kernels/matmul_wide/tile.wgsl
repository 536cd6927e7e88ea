// kernels/matmul_wide/tile.wgsl: the sums of a lane of matmul_wide.wgsl.
//
// Shapes     32 rows of 8 columns, by name: what a loop would index takes seconds to compile.

struct Tile {
  r00: mat2x4f, r01: mat2x4f, r02: mat2x4f, r03: mat2x4f,
  r04: mat2x4f, r05: mat2x4f, r06: mat2x4f, r07: mat2x4f,
  r08: mat2x4f, r09: mat2x4f, r10: mat2x4f, r11: mat2x4f,
  r12: mat2x4f, r13: mat2x4f, r14: mat2x4f, r15: mat2x4f,
  r16: mat2x4f, r17: mat2x4f, r18: mat2x4f, r19: mat2x4f,
  r20: mat2x4f, r21: mat2x4f, r22: mat2x4f, r23: mat2x4f,
  r24: mat2x4f, r25: mat2x4f, r26: mat2x4f, r27: mat2x4f,
  r28: mat2x4f, r29: mat2x4f, r30: mat2x4f, r31: mat2x4f,
}
