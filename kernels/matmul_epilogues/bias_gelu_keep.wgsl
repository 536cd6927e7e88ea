// kernels/matmul_epilogues/bias_gelu_keep.wgsl: a product with a bias is kept, then GELU.
//
// Math       pre = p + β    y = gelu(pre)

import package::matmul_epilogues::places::{index_of, with_bias};
import package::parts::elem::elem;
import package::parts::gelu::gelu;

@group(0) @binding(4) var<storage, read_write> pre: array<elem>;
@group(0) @binding(5) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) {
  let x = elem(with_bias(product, place.y));
  let index = index_of(place);
  pre[index] = x;
  y[index] = elem(gelu(f32(x)));
}
