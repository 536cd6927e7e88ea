// src/machine/half.wgsl: products of numbers stored as f16, to see whether the storage type is right.
//
// Math       y = a·b + a
// Shapes     a, b, y [n].
// Launch     one lane per element.
// Numerics   f32 arithmetic, as in every kernel; only what is stored is f16.
// Source     elementary.

enable f16;

@group(0) @binding(0) var<storage, read> a: array<f16>;
@group(0) @binding(1) var<storage, read> b: array<f16>;
@group(0) @binding(2) var<storage, read_write> y: array<f16>;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&y)) { return; }
  let left = f32(a[id.x]);
  y[id.x] = f16(left * f32(b[id.x]) + left);
}
