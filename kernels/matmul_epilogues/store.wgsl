// kernels/matmul_epilogues/store.wgsl: a product is stored.
//
// Math       y = p

import package::matmul_epilogues::places::index_of;
import package::parts::elem::elem;

@group(0) @binding(3) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) { y[index_of(place)] = elem(product); }
