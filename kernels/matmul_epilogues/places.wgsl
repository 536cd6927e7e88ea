// kernels/matmul_epilogues/places.wgsl: where an element of a product goes, and its bias.
//
// Shapes     a place is (row, column);  β [cols].

import package::parts::matmul_params::params;

@group(0) @binding(3) var<storage, read> beta: array<f32>;

fn index_of(place: vec2u) -> u32 { return place.x * params.cols + place.y; }

fn with_bias(product: f32, col: u32) -> f32 {
  if (params.has_bias != 0u) { return product + beta[col]; }
  return product;
}
