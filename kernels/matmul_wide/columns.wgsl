// kernels/matmul_wide/columns.wgsl: what a lane of matmul_wide.wgsl knows of its 8 columns.
//
// Shapes     β, γ [cols], f32.
// Launch     loaded once for all rows of a tile.

import package::parts::cells::{Value, WideCell, from_wide, times};
import package::parts::matmul_params::params;

@group(0) @binding(3) var<storage, read> beta: array<WideCell>;
@group(0) @binding(5) var<storage, read> gamma: array<WideCell>;

var<private> beta_8: Value;
var<private> gamma_8: Value;

fn load_beta(col: u32) {
  if (params.has_bias != 0u) { beta_8 = from_wide(beta[col / 8u]); }
}

fn load_gamma(col: u32) {
  gamma_8 = Value(vec4f(1.0), vec4f(1.0));
  if (params.has_gamma != 0u) { gamma_8 = from_wide(gamma[col / 8u]); }
}

fn with_bias(product: Value) -> Value { return product + beta_8; }

fn scaled(branch: Value) -> Value { return times(branch, gamma_8); }
