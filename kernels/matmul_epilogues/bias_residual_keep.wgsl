// kernels/matmul_epilogues/bias_residual_keep.wgsl: a product joins a stream, and is kept.
//
// Math       branch = p + β    y[t] = residual[t] + γ·factor·branch,  (t, factor) = rows[row]

import package::matmul_epilogues::places::{index_of, with_bias};
import package::matmul_epilogues::stream::{factor_of, residual, stream_index_of};
import package::parts::elem::elem;

@group(0) @binding(7) var<storage, read_write> branch: array<elem>;
@group(0) @binding(8) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) {
  let x = elem(with_bias(product, place.y));
  branch[index_of(place)] = x;
  let index = stream_index_of(place);
  y[index] = elem(fma(factor_of(place), f32(x), f32(residual[index])));
}
