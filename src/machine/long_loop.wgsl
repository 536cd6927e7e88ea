// src/machine/long_loop.wgsl: a loop as long as it is told, to see whether it is run to its end.
//
// Math       s ← 1664525·s + 1013904223 mod 2³², `count` times from 0
// Shapes     count, s [1].
// Launch     one lane.
// Numerics   integers; each value needs the one before, so that the loop cannot be left out.
// Source     the generator of Numerical Recipes.

@group(0) @binding(1) var<storage, read> count: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<u32>;

@compute @workgroup_size(1)
fn forward() {
  var s = 0u;
  for (var i = 0u; i < count[0]; i++) { s = 1664525u * s + 1013904223u; }
  state[0] = s;
}
