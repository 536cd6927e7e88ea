// kernels/matmul_split.wgsl: a matrix product whose depth is shared out among workgroups.
//
// Joined to matmul_tiled.wgsl, where `Tile`, `accumulate` and the rest are, and to one of
// matmul_tiled/scalars.wgsl and matmul_tiled/vectors.wgsl, where A and B are.
//
// Math       partial_sums  P_s = Σ_k A[row, k]·B[k, col] over the k of split s, split_depth of them
//            store         y   = Σ_s P_s
//            add           y  += Σ_s P_s
// Shapes     A [rows, depth], B [depth, cols], as in matmul_epilogues.wgsl;  y [rows, cols];
//            partials [splits, rows, cols].
// Launch     partial_sums: one workgroup per tile and split, tiles fastest. store, add: one lane
//            per element of y. For small results of long sums, whose tiles do not fill a GPU.
// Numerics   f32 sums over one split, then over the splits in order: the same bits each time.
// Source     split-K: NVIDIA CUTLASS, "Efficient GEMM in CUDA", parallelized reductions.

import package::parts::elem::elem;

override SUM_LANES: u32 = 256;

struct Params {
  rows: u32, cols: u32, depth: u32, split_depth: u32,
  a_row: u32, a_k: u32, b_k: u32, b_col: u32, // elements between neighbours along each axis
}

@group(0) @binding(0) var<uniform> params: Params;
// 1 and 2 are a and b, in the file that loads them.
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
@group(0) @binding(1) var<storage, read> finished: array<f32>; // the partials
@group(0) @binding(2) var<storage, read_write> stored: array<elem>;
@group(0) @binding(2) var<storage, read_write> total: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                @builtin(local_invocation_index) lane: u32) {
  let row_tiles = (params.rows + TILE_ROWS - 1u) / TILE_ROWS;
  let tiles = row_tiles * ((params.cols + TILE_COLS - 1u) / TILE_COLS);
  let index = group.y * groups.x + group.x;
  let split = index / tiles;
  let begin = split * params.split_depth;
  if (begin >= params.depth) { return; } // the grid may be a little larger than the splits
  let range = vec2u(begin, min(begin + params.split_depth, params.depth));
  let tile_index = index % tiles;
  let origin = vec2u(tile_index % row_tiles * TILE_ROWS, tile_index / row_tiles * TILE_COLS);
  var tile = accumulate(origin, range, lane);
  for (var value = 0u; value < VALUES; value++) {
    let place = origin + offset_of(lane, value);
    if (place.x < params.rows && place.y < params.cols) {
      let row = split * params.rows + place.x;
      partials[row * params.cols + place.y] = tile[value / 4u][value % 4u];
    }
  }
}

fn sum_of(index: u32) -> f32 {
  let size = params.rows * params.cols;
  let splits = (params.depth + params.split_depth - 1u) / params.split_depth;
  var sum = 0.0;
  for (var split = 0u; split < splits; split++) { sum += finished[split * size + index]; }
  return sum;
}

@compute @workgroup_size(SUM_LANES)
fn store(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
         @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * SUM_LANES + lane;
  if (index >= params.rows * params.cols) { return; }
  stored[index] = elem(sum_of(index));
}

@compute @workgroup_size(SUM_LANES)
fn add(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
       @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * SUM_LANES + lane;
  if (index >= params.rows * params.cols) { return; }
  total[index] += sum_of(index);
}
