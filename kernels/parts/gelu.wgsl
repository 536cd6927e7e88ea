// kernels/parts/gelu.wgsl: GELU in its exact, error-function form.
//
// Math       gelu(x) = x·Φ(x),   gelu′(x) = Φ(x) + x·φ(x)
// Launch     imported by what follows a matrix product, for one number or, `wide`, for four.
// Numerics   Φ(x) is ½ + x·P(x²) within [-1, 1], and outside Φ(-x) = exp(-x²/2)·t·Q(t) with
//            t = 1/(1 + 0.4x), both least-maximum fits: Φ has an absolute error below 1e-7, and
//            gelu keeps its relative accuracy in the left tail.
// Source     Hendrycks, Gimpel 2016, arXiv:1606.08415.

@if(wide) alias Real = vec4f;
@else alias Real = f32;

// Φ(x), and φ(x)·√(2π).
struct Normal { below: Real, density: Real }

fn normal(x: Real) -> Normal {
  let size = min(abs(x), Real(15.0)); // beyond, Φ(-x) is 0 in f32
  let square = size * size;
  let density = exp(-0.5 * square);
  var p = fma(Real(-7.65420852e-6), square, Real(1.13486372e-4));
  p = fma(p, square, Real(-1.18632994e-3));
  p = fma(p, square, Real(9.97332341e-3));
  p = fma(p, square, Real(-6.64903599e-2));
  p = fma(p, square, Real(0.39894228));
  let t = 1.0 / fma(Real(0.4), size, Real(1.0));
  var q = fma(Real(0.0681213824), t, Real(-0.186428033));
  q = fma(q, t, Real(0.1053632));
  q = fma(q, t, Real(0.0555405405));
  q = fma(q, t, Real(0.139002312));
  q = fma(q, t, Real(0.15909999));
  q = fma(q, t, Real(0.159595783));
  let tail = density * t * q;
  let far = select(1.0 - tail, tail, x < Real(0.0));
  return Normal(select(far, fma(x, p, Real(0.5)), size < Real(1.0)), density);
}

fn gelu(x: Real) -> Real { return x * normal(x).below; }

fn gelu_slope(x: Real) -> Real {
  let n = normal(x);
  return fma(clamp(x, Real(-15.0), Real(15.0)) * 0.39894228, n.density, n.below);
}
