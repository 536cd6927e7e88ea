// kernels/matmul_epilogues/bias_residual.wgsl: a product with a bias joins a residual stream.
//
// Math       y[t] = residual[t] + γ·factor·(p + β),  (t, factor) = rows[row]

import package::matmul_epilogues::places::with_bias;
import package::matmul_epilogues::stream::{factor_of, residual, stream_index_of};
import package::parts::elem::elem;

@group(0) @binding(7) var<storage, read_write> y: array<elem>;

fn finish(place: vec2u, product: f32) {
  let x = with_bias(product, place.y);
  let index = stream_index_of(place);
  y[index] = elem(fma(factor_of(place), x, f32(residual[index])));
}
