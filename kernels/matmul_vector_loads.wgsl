// kernels/matmul_vector_loads.wgsl: the operands of a matrix product, four neighbours at once.
//
// Math       nothing; what matmul_subgroup.wgsl multiplies, as matmul_scalar_loads.wgsl has it.
// Shapes     A [rows, depth], contiguous along k; B [depth, cols], contiguous along k or along its
//            columns; the lengths of those axes, and where the sum begins, are multiples of 4.
// Launch     by one lane, for 4 steps of k of one of its rows, or of 4 of its columns.
// Numerics   exact: the same bits as number by number.
// Source     measured on lavapipe: four numbers at once cost a lane less than four loads, and to
//            transpose them in registers costs nothing; products take 0.75 of the time. With A
//            contiguous along its rows they took 1.5 times as long: left to the scalar loads.

override B_ALONG_K: bool = false;

@group(0) @binding(1) var<storage, read> a: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<elem>>;

fn b_at(at: vec4u) -> mat4x4f {
  let i = at >> vec4u(2u);
  return mat4x4f(vec4f(b[i.x]), vec4f(b[i.y]), vec4f(b[i.z]), vec4f(b[i.w]));
}

// Four steps of a row, from where it starts and how far along k they are; the first says it all.
fn load_row(start: u32, steps: vec4u) -> vec4f { return vec4f(a[(start + steps.x) >> 2u]); }

// Column i: step i of four columns.
fn load_cols(starts: vec4u, steps: vec4u) -> mat4x4f {
  if (B_ALONG_K) { return transpose(b_at(starts + steps.x)); }
  return b_at(starts.x + steps);
}
