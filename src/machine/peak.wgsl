// src/machine/peak.wgsl: nothing but multiply-adds, to find the adapter's arithmetic limit.
//
// Math       x ← a·x + b, over and over, in 8 independent vec4 chains
// Shapes     out [lanes].
// Launch     one lane per element of out.
// Numerics   a < 1 keeps the values bounded; out is written so that nothing is optimised away.
// Source     elementary: 8 chains hide the latency of one multiply-add.

const STEPS = 1024u;

@group(0) @binding(1) var<storage, read> start: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let a = vec4f(start[0]);
  let b = vec4f(start[1]);
  var x0 = vec4f(f32(id.x)); var x1 = x0 + 1.0; var x2 = x0 + 2.0; var x3 = x0 + 3.0;
  var x4 = x0 + 4.0; var x5 = x0 + 5.0; var x6 = x0 + 6.0; var x7 = x0 + 7.0;
  for (var i = 0u; i < STEPS; i++) {
    x0 = fma(a, x0, b); x1 = fma(a, x1, b); x2 = fma(a, x2, b); x3 = fma(a, x3, b);
    x4 = fma(a, x4, b); x5 = fma(a, x5, b); x6 = fma(a, x6, b); x7 = fma(a, x7, b);
  }
  let sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
  out[id.x] = sum.x + sum.y + sum.z + sum.w;
}
