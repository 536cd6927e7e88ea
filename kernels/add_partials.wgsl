// kernels/add_partials.wgsl: the second pass of sums over rows, such as gradients of parameters.
//
// Math       forward        y[col] += Σ_splits partial[split, col]
//            forward_pair   the same, the first half of the columns to first, the other to second
// Shapes     partial [splits, cols], splits a multiple of 4;  y [cols];  first, second [cols / 2].
// Launch     COLUMNS columns per workgroup, SLICES lanes for each: a single lane would wait for
//            every four of hundreds of splits before the next.
// Numerics   f32 in a fixed order: four running sums per lane, then the lanes one after another.
// Source     Higham 1993, doi:10.1137/0914050: the error of a sum grows with its longest chain.

override COLUMNS: u32 = 32;
override SLICES: u32 = 8;
override WORKGROUP_SIZE: u32 = 256; // COLUMNS · SLICES

struct Params { cols: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> first: array<f32>;
@group(0) @binding(3) var<storage, read_write> second: array<f32>;

var<workgroup> slices: array<f32, WORKGROUP_SIZE>;

/// The column's sum over all splits, for the lanes of slice 0.
fn total_of(col: u32, lane: u32) -> f32 {
  var sums = vec4f();
  if (col < params.cols) {
    let cols = params.cols;
    for (var split = lane / COLUMNS * 4u; split < params.splits; split += 4u * SLICES) {
      let at = split * cols + col;
      sums += vec4f(partial[at], partial[at + cols], partial[at + 2u * cols], partial[at + 3u * cols]);
    }
  }
  var total = (sums.x + sums.y) + (sums.z + sums.w);
  slices[lane] = total;
  workgroupBarrier();
  if (lane < COLUMNS) {
    for (var slice = 1u; slice < SLICES; slice++) { total += slices[slice * COLUMNS + lane]; }
  }
  return total;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * COLUMNS + lane % COLUMNS;
  let total = total_of(col, lane);
  if (lane < COLUMNS && col < params.cols) { y[col] += total; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_pair(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let col = group.x * COLUMNS + lane % COLUMNS;
  let total = total_of(col, lane);
  if (lane >= COLUMNS || col >= params.cols) { return; }
  let half = params.cols / 2u;
  if (col < half) { first[col] += total; } else { second[col - half] += total; }
}
