// kernels/patch_embed_subgroup.wgsl: patch embedding where lanes share registers cheaply.
//
// Math       as in patch_embed.wgsl: y = A·Wᵀ + b and [dW | db] = dyᵀ·[A | 1], where A is read on
//            the fly: A[row, tap] = images[row_base(row) + tap_offset(tap)].
// Shapes     as in patch_embed.wgsl, with the same Params.
// Launch     one subgroup owns a tile of 16 rows and 4 columns a lane. Its lanes load one step of
//            the left operand each and hand them round. Row tiles vary fastest.
// Numerics   f32 sums, in ascending order of the summed axis.
// Source     Dosovitskiy et al. 2021, arXiv:2010.11929. For software drivers: no barriers, no
//            workgroup memory, 6 loads for 64 multiply-adds.

override LANES: u32 = 8; // must be the subgroup size

const TILE_ROWS = 16u;

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

fn row_bases(row: u32) -> vec4u {
  let last = params.rows - 1u;
  return vec4u(row_base(min(row, last)), row_base(min(row + 1u, last)),
               row_base(min(row + 2u, last)), row_base(min(row + 3u, last)));
}

fn pixels(at: vec4u) -> vec4f {
  return vec4f(images[at.x], images[at.y], images[at.z], images[at.w]);
}

fn weights(at: vec4u) -> vec4f {
  return vec4f(f32(weight[at.x]), f32(weight[at.y]), f32(weight[at.z]), f32(weight[at.w]));
}

fn output_gradients(start: u32, col: u32) -> vec4f {
  let at = vec4u(start) + min(vec4u(col) + vec4u(0u, 1u, 2u, 3u), vec4u(params.dim - 1u));
  return vec4f(f32(dy[at.x]), f32(dy[at.y]), f32(dy[at.z]), f32(dy[at.w]));
}

// Four rows of the left operand times four columns of the right one.
fn outer(left: vec4f, right: vec4f) -> mat4x4f {
  return mat4x4f(left.x * right, left.y * right, left.z * right, left.w * right);
}

fn store_row(row: u32, col: u32, value: vec4f) {
  if (row >= params.rows) { return; }
  let at = row * params.dim + col;
  if (col < params.dim) { y[at] = elem(value.x); }
  if (col + 1u < params.dim) { y[at + 1u] = elem(value.y); }
  if (col + 2u < params.dim) { y[at + 2u] = elem(value.z); }
  if (col + 3u < params.dim) { y[at + 3u] = elem(value.w); }
}

fn store_rows(row: u32, col: u32, values: mat4x4f) {
  store_row(row, col, values[0]);
  store_row(row + 1u, col, values[1]);
  store_row(row + 2u, col, values[2]);
  store_row(row + 3u, col, values[3]);
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
           @builtin(local_invocation_index) lane: u32) {
  let tile = group.y * groups.x + group.x;
  if (tile >= params.row_tiles * params.col_tiles) { return; }
  let row = tile % params.row_tiles * TILE_ROWS;
  let col = tile / params.row_tiles * LANES * 4u + lane * 4u;
  let base0 = row_bases(row);
  let base1 = row_bases(row + 4u);
  let base2 = row_bases(row + 8u);
  let base3 = row_bases(row + 12u);
  let cols = min(vec4u(col) + vec4u(0u, 1u, 2u, 3u), vec4u(params.dim - 1u));
  let starts = cols * params.taps; // first weight of each column
  let b = vec4f(bias[cols.x], bias[cols.y], bias[cols.z], bias[cols.w]);
  var acc0 = mat4x4f(b, b, b, b);
  var acc1 = acc0;
  var acc2 = acc0;
  var acc3 = acc0;

  let last = params.taps - 1u;
  for (var first = 0u; first < params.taps; first += LANES) {
    let exists = first + lane < params.taps;
    let offset = vec4u(tap_offset(min(first + lane, last)));
    let a0 = select(vec4f(), pixels(base0 + offset), exists);
    let a1 = select(vec4f(), pixels(base1 + offset), exists);
    let a2 = select(vec4f(), pixels(base2 + offset), exists);
    let a3 = select(vec4f(), pixels(base3 + offset), exists);
    for (var step = 0u; step < LANES; step++) {
      let right = weights(starts + min(first + step, last));
      acc0 += outer(subgroupShuffle(a0, step), right);
      acc1 += outer(subgroupShuffle(a1, step), right);
      acc2 += outer(subgroupShuffle(a2, step), right);
      acc3 += outer(subgroupShuffle(a3, step), right);
    }
  }
  store_rows(row, col, acc0);
  store_rows(row + 4u, col, acc1);
  store_rows(row + 8u, col, acc2);
  store_rows(row + 12u, col, acc3);
}

fn store_partials(split: u32, col: u32, tap: u32, values: vec4f) {
  if (col >= params.dim) { return; }
  let at = (split * params.dim + col) * (params.taps + 1u) + tap;
  if (tap <= params.taps) { partials[at] = values.x; }
  if (tap + 1u <= params.taps) { partials[at + 1u] = values.y; }
  if (tap + 2u <= params.taps) { partials[at + 2u] = values.z; }
  if (tap + 3u <= params.taps) { partials[at + 3u] = values.w; }
}

fn store_partial_rows(split: u32, col: u32, tap: u32, values: mat4x4f) {
  store_partials(split, col, tap, values[0]);
  store_partials(split, col + 1u, tap, values[1]);
  store_partials(split, col + 2u, tap, values[2]);
  store_partials(split, col + 3u, tap, values[3]);
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
  let col = tile % params.row_tiles * TILE_ROWS; // columns of dy are rows of dW
  let tap = tile / params.row_tiles * LANES * 4u + lane * 4u;
  let taps = vec4u(tap) + vec4u(0u, 1u, 2u, 3u);
  let is_bias = taps == vec4u(params.taps); // the column of ones behind A
  let within = min(taps, vec4u(params.taps - 1u));
  let offsets = vec4u(tap_offset(within.x), tap_offset(within.y),
                      tap_offset(within.z), tap_offset(within.w));
  var acc0 = mat4x4f();
  var acc1 = mat4x4f();
  var acc2 = mat4x4f();
  var acc3 = mat4x4f();

  for (var first = split * params.split_rows; first < end; first += LANES) {
    let exists = first + lane < end;
    let row = min(first + lane, end - 1u);
    let base = row_base(row);
    let start = row * params.dim;
    let a0 = select(vec4f(), output_gradients(start, col), exists);
    let a1 = select(vec4f(), output_gradients(start, col + 4u), exists);
    let a2 = select(vec4f(), output_gradients(start, col + 8u), exists);
    let a3 = select(vec4f(), output_gradients(start, col + 12u), exists);
    for (var step = 0u; step < LANES; step++) {
      let right = select(pixels(subgroupShuffle(base, step) + offsets), vec4f(1.0), is_bias);
      acc0 += outer(subgroupShuffle(a0, step), right);
      acc1 += outer(subgroupShuffle(a1, step), right);
      acc2 += outer(subgroupShuffle(a2, step), right);
      acc3 += outer(subgroupShuffle(a3, step), right);
    }
  }
  store_partial_rows(split, col, tap, acc0);
  store_partial_rows(split, col + 4u, tap, acc1);
  store_partial_rows(split, col + 8u, tap, acc2);
  store_partial_rows(split, col + 12u, tap, acc3);
}
