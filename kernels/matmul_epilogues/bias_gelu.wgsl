// kernels/matmul_epilogues/bias_gelu.wgsl: a product with a bias, through GELU.
//
// Math       y = gelu(p + β)

import package::matmul_epilogues::places::{index_of, with_bias};
import package::parts::elem::elem;
import package::parts::gelu::gelu;

@group(0) @binding(4) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) {
  let x = elem(with_bias(product, place.y));
  y[index_of(place)] = elem(gelu(f32(x)));
}
