// kernels/matmul_epilogues/gelu_backward.wgsl: a product goes back through GELU.
//
// Math       y = p·gelu′(pre)

import package::matmul_epilogues::places::index_of;
import package::parts::elem::elem;
import package::parts::gelu::gelu_slope;

@group(0) @binding(3) var<storage, read> pre: array<elem>;
@group(0) @binding(4) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) {
  let index = index_of(place);
  y[index] = elem(product * gelu_slope(f32(pre[index])));
}
