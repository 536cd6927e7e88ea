// kernels/column_sum.wgsl: sums over the rows of a matrix, such as the gradient of a bias.
//
// Math       partial[split, col] = Σ_rows of the split x[row, col];  add_partials.wgsl does the rest
// Shapes     x [rows, cols];  partial [splits, cols].
// Launch     one column of one split of the rows per lane.
// Numerics   f32 sums in a fixed order: four running ones, so that a lane has four loads on their
//            way.
// Source     Higham 1993, doi:10.1137/0914050: the error of a sum grows with its longest chain.

override WORKGROUP_SIZE: u32 = 64;

struct Params { rows: u32, cols: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<elem>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * WORKGROUP_SIZE + lane;
  if (col >= params.cols) { return; }
  let rows_per_split = (params.rows + params.splits - 1u) / params.splits;
  let end = min((group.y + 1u) * rows_per_split, params.rows);
  let cols = params.cols;
  var sums = vec4f();
  var row = group.y * rows_per_split;
  for (; row + 3u < end; row += 4u) {
    let at = row * cols + col;
    sums += vec4f(f32(x[at]), f32(x[at + cols]), f32(x[at + 2u * cols]), f32(x[at + 3u * cols]));
  }
  for (; row < end; row++) { sums.x += f32(x[row * cols + col]); }
  partial[group.y * cols + col] = (sums.x + sums.y) + (sums.z + sums.w);
}
