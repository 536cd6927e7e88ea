// kernels/patch_embed.wgsl: patch embedding, a strided convolution as a GEMM over pixels.
//
// Math       A[row, tap] = images[row_base(row) + tap_offset(tap)]: the unfolded patches, never
//            stored. Row = (crop, grid row, grid column), tap = (channel, row, column in a patch).
//            forward            y = A·Wᵀ + b
//            backward_partials  P_s = dyᵀ·[A | 1] over the rows of split s
//            backward_reduce    dW += Σ_s P_s[:, :taps],   db += Σ_s P_s[:, taps]
// Shapes     images [crops, channels, height, width];  W, dW [dim, taps];  b, db [dim];
//            y, dy [rows, dim];  partials [splits, dim, taps + 1].
//            Params: rows = crops·patches, plane = height·width, image = channels·plane.
// Launch     forward, backward_partials: a workgroup of 16 x 16 lanes owns a tile of 64 x 64
//            outputs, 4 x 4 a lane. backward_reduce: one lane per element.
// Numerics   f32 sums; splits are added in order, so runs repeat bit for bit.
// Source     Dosovitskiy et al. 2021, arXiv:2010.11929.

const TILE = 64u; // outputs of a workgroup along both axes
const DEPTH = 16u; // steps of the summed axis held in workgroup memory
const STRIDE = TILE + 1u; // odd: lanes that write one column meet different banks
const LANES = 256u;

struct Params {
  rows: u32, dim: u32, taps: u32, patch_size: u32, grid_cols: u32, patches: u32,
  width: u32, plane: u32, image: u32, row_tiles: u32, col_tiles: u32, split_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<elem>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<elem>;

@group(0) @binding(2) var<storage, read> dy: array<elem>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;

var<workgroup> left: array<f32, DEPTH * STRIDE>; // [DEPTH, TILE]
var<workgroup> right: array<f32, DEPTH * STRIDE>;

fn row_base(row: u32) -> u32 {
  let patch_index = row % params.patches;
  let grid_row = patch_index / params.grid_cols;
  let grid_col = patch_index % params.grid_cols;
  let pixel = (grid_row * params.width + grid_col) * params.patch_size;
  return row / params.patches * params.image + pixel;
}

fn tap_offset(tap: u32) -> u32 {
  let area = params.patch_size * params.patch_size;
  let inside = tap % area;
  let pixel = inside / params.patch_size * params.width + inside % params.patch_size;
  return tap / area * params.plane + pixel;
}

// What one lane's 4 x 4 outputs gain from the tiles in workgroup memory.
fn tile_product(lane_row: u32, lane_col: u32) -> mat4x4f {
  var sum = mat4x4f();
  for (var k = 0u; k < DEPTH; k++) {
    let a = k * STRIDE + lane_row * 4u;
    let b = k * STRIDE + lane_col * 4u;
    let columns = vec4f(right[b], right[b + 1u], right[b + 2u], right[b + 3u]);
    sum += mat4x4f(left[a] * columns, left[a + 1u] * columns,
                   left[a + 2u] * columns, left[a + 3u] * columns);
  }
  return sum;
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.row_tiles * params.col_tiles) { return; }
  let row = tile % params.row_tiles * TILE;
  let col = tile / params.row_tiles * TILE;
  // Lane loads: one tap, four rows and four columns, 16 apart.
  let load_tap = lane % DEPTH;
  let load_row = lane / DEPTH;
  let last = vec4u(params.rows - 1u);
  let rows = min(vec4u(row + load_row) + vec4u(0u, 16u, 32u, 48u), last);
  let bases = vec4u(row_base(rows.x), row_base(rows.y), row_base(rows.z), row_base(rows.w));
  let cols = min(vec4u(col + load_row) + vec4u(0u, 16u, 32u, 48u), vec4u(params.dim - 1u));
  let starts = cols * params.taps;
  let cell = load_tap * STRIDE + load_row;
  var sum = mat4x4f();
  for (var first = 0u; first < params.taps; first += DEPTH) {
    let tap = min(first + load_tap, params.taps - 1u);
    let at = bases + tap_offset(tap);
    let exists = select(0.0, 1.0, first + load_tap < params.taps);
    left[cell] = images[at.x];
    left[cell + 16u] = images[at.y];
    left[cell + 32u] = images[at.z];
    left[cell + 48u] = images[at.w];
    right[cell] = exists * f32(weight[starts.x + tap]);
    right[cell + 16u] = exists * f32(weight[starts.y + tap]);
    right[cell + 32u] = exists * f32(weight[starts.z + tap]);
    right[cell + 48u] = exists * f32(weight[starts.w + tap]);
    workgroupBarrier();
    sum += tile_product(lane / 16u, lane % 16u);
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let out_row = row + lane / 16u * 4u + i;
    for (var j = 0u; j < 4u; j++) {
      let out_col = col + lane % 16u * 4u + j;
      if (out_row < params.rows && out_col < params.dim) {
        y[out_row * params.dim + out_col] = elem(sum[i][j] + bias[out_col]);
      }
    }
  }
}

@compute @workgroup_size(LANES)
fn backward_partials(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                     @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  let tiles = params.row_tiles * params.col_tiles;
  let split = index / tiles;
  let end = min((split + 1u) * params.split_rows, params.rows);
  if (split * params.split_rows >= end) { return; }
  let tile = index % tiles;
  let col = tile % params.row_tiles * TILE; // columns of dy are rows of dW
  let tap = tile / params.row_tiles * TILE;
  // Lane loads: one column and one tap, four rows, 4 apart.
  let load_row = lane / TILE;
  let load_col = min(col + lane % TILE, params.dim - 1u);
  let load_tap = tap + lane % TILE;
  let offset = tap_offset(min(load_tap, params.taps - 1u));
  var sum = mat4x4f();
  for (var first = split * params.split_rows; first < end; first += DEPTH) {
    for (var depth = load_row; depth < DEPTH; depth += LANES / TILE) {
      let row = min(first + depth, end - 1u);
      let cell = depth * STRIDE + lane % TILE;
      let exists = select(0.0, 1.0, first + depth < end);
      left[cell] = exists * f32(dy[row * params.dim + load_col]);
      // The column of ones behind A sums the bias gradient.
      right[cell] = select(images[row_base(row) + offset], 1.0, load_tap == params.taps);
    }
    workgroupBarrier();
    sum += tile_product(lane / 16u, lane % 16u);
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let out_row = col + lane / 16u * 4u + i;
    for (var j = 0u; j < 4u; j++) {
      let out_tap = tap + lane % 16u * 4u + j;
      if (out_row < params.dim && out_tap <= params.taps) {
        partials[(split * params.dim + out_row) * (params.taps + 1u) + out_tap] = sum[i][j];
      }
    }
  }
}

struct ReduceParams { dim: u32, taps: u32, splits: u32 }

@group(0) @binding(0) var<uniform> reduce_params: ReduceParams;
@group(0) @binding(1) var<storage, read> finished: array<f32>; // the partials
@group(0) @binding(2) var<storage, read_write> weight_grad: array<f32>;
@group(0) @binding(3) var<storage, read_write> bias_grad: array<f32>;

@compute @workgroup_size(LANES)
fn backward_reduce(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
                   @builtin(local_invocation_index) lane: u32) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  let columns = reduce_params.taps + 1u;
  let size = reduce_params.dim * columns;
  if (index >= size) { return; }
  var sum = 0.0;
  for (var split = 0u; split < reduce_params.splits; split++) {
    sum += finished[split * size + index];
  }
  let row = index / columns;
  let tap = index % columns;
  if (tap == reduce_params.taps) {
    bias_grad[row] += sum;
  } else {
    weight_grad[row * reduce_params.taps + tap] += sum;
  }
}
