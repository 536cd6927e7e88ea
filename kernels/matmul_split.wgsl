// kernels/matmul_split.wgsl: a matrix product whose depth is shared out among workgroups.
//
// Linked to matmul_tiled/scalars.wgsl or matmul_tiled/vectors.wgsl as `loads`, and to
// matmul_split/partial.wgsl as `epilogue`.
//
// Math       partial_sums  P_s = Σ_k A[row, k]·B[k, col] over the k of split s, split_depth of them
//            store         y   = Σ_s P_s
//            add           y  += Σ_s P_s
// Shapes     A [rows, depth], B [depth, cols], each through two strides;  y [rows, cols];
//            partials [splits, rows, cols].
// Launch     partial_sums: one workgroup per tile and split, tiles fastest. store, add: one lane
//            per element of y. For small results of long sums, whose tiles do not fill a GPU.
// Numerics   f32 sums over one split, then over the splits in order: the same bits each time.
// Source     split-K: NVIDIA CUTLASS, "Efficient GEMM in CUDA", parallelized reductions.

import package::epilogue::split;
import package::matmul_tiled::finish::finish_tile;
import package::matmul_tiled::sums::{TILE_COLS, TILE_ROWS, WORKGROUP_SIZE, accumulate};
import package::parts::elem::elem;
import package::parts::matmul_params::params;

override SUM_LANES: u32 = 256;

@group(0) @binding(1) var<storage, read> finished: array<f32>; // the partials
@group(0) @binding(2) var<storage, read_write> stored: array<elem>;
@group(0) @binding(2) var<storage, read_write> total: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn partial_sums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                @builtin(local_invocation_index) lane: u32) {
  let row_tiles = (params.rows + TILE_ROWS - 1u) / TILE_ROWS;
  let tiles = row_tiles * ((params.cols + TILE_COLS - 1u) / TILE_COLS);
  let index = group.y * groups.x + group.x;
  let part = index / tiles;
  split = part;
  let begin = part * params.split_depth; // of `part`: for a compiler, lanes differ in `split`
  if (begin >= params.range.y) { return; } // the grid may be a little larger than the splits
  let range = vec2u(begin, min(begin + params.split_depth, params.range.y));
  let tile = index % tiles;
  let origin = vec2u(tile % row_tiles * TILE_ROWS, tile / row_tiles * TILE_COLS);
  finish_tile(origin, lane, accumulate(origin, range, lane));
}

fn sum_of(index: u32) -> f32 {
  let size = params.rows * params.cols;
  let splits = (params.range.y + params.split_depth - 1u) / params.split_depth;
  var sum = 0.0;
  for (var part = 0u; part < splits; part++) { sum += finished[part * size + index]; }
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
