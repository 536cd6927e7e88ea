// kernels/parts/matmul_params.wgsl: what a matrix product is told.
//
// Launch     imported by everything that kernels of products are linked from.

struct Params {
  rows: u32, cols: u32, range: vec2u, // range: first step of k, and where the sums end
  a_row: u32, a_k: u32, b_k: u32, b_col: u32, // elements between neighbours along each axis
  // Where one is 0, some other input is bound in its place. Not overrides: each combination of
  // those would compile the whole product once more.
  has_bias: u32, has_gamma: u32, has_rows: u32,
  split_depth: u32, // steps of k that matmul_split.wgsl sums up in one workgroup
}

@group(0) @binding(0) var<uniform> params: Params;
