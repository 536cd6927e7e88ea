// kernels/matmul_scalar_loads.wgsl: the operands of a matrix product, number by number.
//
// Math       nothing; what matmul_subgroup.wgsl multiplies. matmul_tiled.wgsl has loads of its own.
// Shapes     A [rows, depth], B [depth, cols], each through two strides.
// Launch     by one lane, for 4 steps of k of one of its rows, or of 4 of its columns.
// Numerics   exact.
// Source     fits any strides; matmul_wide.wgsl is faster where it fits.

@group(0) @binding(1) var<storage, read> a: array<elem>;
@group(0) @binding(2) var<storage, read> b: array<elem>;

fn b_at(at: vec4u) -> vec4f { return vec4f(f32(b[at.x]), f32(b[at.y]), f32(b[at.z]), f32(b[at.w])); }

// Four steps of a row, from where it starts and how far along k they are.
fn load_row(start: u32, steps: vec4u) -> vec4f {
  let at = start + steps;
  return vec4f(f32(a[at.x]), f32(a[at.y]), f32(a[at.z]), f32(a[at.w]));
}

// Column i: step i of four columns.
fn load_cols(starts: vec4u, steps: vec4u) -> mat4x4f {
  return mat4x4f(b_at(starts + steps.x), b_at(starts + steps.y), b_at(starts + steps.z),
                 b_at(starts + steps.w));
}
