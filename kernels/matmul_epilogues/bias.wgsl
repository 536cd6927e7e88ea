// kernels/matmul_epilogues/bias.wgsl: a product with a bias is stored.
//
// Math       y = p + β

import package::matmul_epilogues::places::{index_of, with_bias};
import package::parts::elem::elem;

@group(0) @binding(4) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) { y[index_of(place)] = elem(with_bias(product, place.y)); }
