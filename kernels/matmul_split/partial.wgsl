// kernels/matmul_split/partial.wgsl: a product over a part of the depth is stored beside the others.
//
// Math       partials[split] = p
// Launch     called for every element of a product that is inside it, once `split` is set.

import package::parts::matmul_params::params;

@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

var<private> split: u32;

fn finish(place: vec2u, product: f32) {
  partials[(split * params.rows + place.x) * params.cols + place.y] = product;
}
