// kernels/matmul_epilogues/stream.wgsl: the residual stream that a product joins.
//
// Shapes     γ [cols];  residual and the y that it becomes [tokens, cols];
//            rows [tokens, 2] = (token, bits of its factor), the first of which are the product's.
// Source     Touvron et al. 2021, arXiv:2103.17239; Huang et al. 2016, arXiv:1603.09382.

import package::matmul_epilogues::places::index_of;
import package::parts::elem::elem;
import package::parts::matmul_params::params;

@group(0) @binding(4) var<storage, read> residual: array<elem>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(6) var<storage, read> rows: array<u32>;

fn gamma_at(col: u32) -> f32 {
  if (params.has_gamma != 0u) { return gamma[col]; }
  return 1.0;
}

// What an element of the product is scaled by.
fn factor_of(place: vec2u) -> f32 {
  if (params.has_rows == 0u) { return gamma_at(place.y); }
  return gamma_at(place.y) * bitcast<f32>(rows[2u * place.x + 1u]);
}

fn stream_index_of(place: vec2u) -> u32 {
  if (params.has_rows == 0u) { return index_of(place); }
  return rows[2u * place.x] * params.cols + place.y;
}
