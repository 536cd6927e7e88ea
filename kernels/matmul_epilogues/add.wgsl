// kernels/matmul_epilogues/add.wgsl: a product joins a sum.
//
// Math       y += p

import package::matmul_epilogues::places::index_of;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn finish(place: vec2u, product: f32) { y[index_of(place)] += product; }
